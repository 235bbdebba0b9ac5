import Foundation

/// The three streams that every process is given, made safe for runs that nobody watches any more.
enum StandardStreams {
  /// Has those of the three that are closed lead to nowhere.
  ///
  /// The next file that is opened would get a closed one's number: then words for people would end
  /// up in it.
  static func fill() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // SAFETY: the path is passed as a terminated string that outlives the call.
      let opened = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
      // The lowest free number is given, which is this one: the ones below are open by now.
      precondition(opened == descriptor || opened == -1, "\(opened) for \(descriptor)")
    }
  }

  /// Has the process go on when the reader of its output is gone: what is written then is lost, and
  /// a write says so to whoever asks.
  static func outliveReaders() { signal(SIGPIPE, SIG_IGN) }
}
