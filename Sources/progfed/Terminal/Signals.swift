import Dispatch
import Foundation
import Synchronization

/// Turns SIGINT and SIGTERM into a call: the first asks to end cleanly, a second one ends at once.
final class Interruption {
  private var sources: [any DispatchSourceSignal] = []

  /// Calls `stop` at the first signal; that nobody reads its output any more doesn't end a run.
  init(_ stop: @escaping @Sendable () -> Void) {
    StandardStreams.outliveReaders()
    let asks = Asks()
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        guard asks.isFirst() else { return Self.end(by: number) }
        // From now on both do what they do by default.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        Terminal.note("\nprogfed: ending cleanly; interrupt again to end at once")
        stop()
      }
      source.resume()
      sources.append(source)
    }
  }

  deinit { for source in sources { source.cancel() } }

  /// Ends the process as a signal does that comes here instead, since every thread blocks it.
  ///
  /// A process may inherit a mask that blocks it, and Dispatch blocks it where a source is
  /// installed.
  private static func end(by number: Int32) {
    var numbers = sigset_t()
    // SAFETY: the set lives during the calls.
    unsafe sigemptyset(&numbers)
    unsafe sigaddset(&numbers, number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
    raise(number)
  }

  /// The record of whether anybody asked to end before.
  private final class Asks: Sendable {
    private let wasAsked = Atomic(false)

    /// True the first time that it is called.
    func isFirst() -> Bool { !wasAsked.exchange(true, ordering: .relaxed) }
  }
}

/// Turns SIGHUP into a call, each time: the custom of services for "read your files again".
final class HangUp {
  private let source: any DispatchSourceSignal

  /// Calls `reload` at each signal.
  init(_ reload: @escaping @Sendable () -> Void) {
    signal(SIGHUP, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
    source.setEventHandler(handler: reload)
    source.resume()
  }

  deinit { source.cancel() }
}

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
