package import Federation
package import Foundation
import Glibc
import Measures
import ZeroMQ

/// Answers requests that come over a socket in the run directory, from a thread of its own.
///
/// The file lets only its owner in, and the kernel says who is at the other end: the broker's own
/// user, or root. A request is one line of JSON, and so is the answer.
package final class ControlServer: Sendable {
  /// Whoever asks: a user of this machine, and a process.
  package struct Peer: Hashable, Sendable {
    /// The user's number.
    package var user: Int
    /// The process's number.
    package var process: Int
  }

  /// The time that a peer has for a whole exchange.
  private static let patience = Duration.seconds(5)

  private let path: String
  private let listener: ControlSocket
  private let end: Wakeup
  private let ended = DispatchSemaphore(value: 0)
  private let answer: @Sendable (ControlRequest, Peer) -> ControlAnswer
  private let strangerCame: @Sendable (Peer) -> Void

  /// A server at `url`, which answers once it is started.
  ///
  /// - Parameters:
  ///   - url: The socket's place in a run directory that this process has locked.
  ///   - strangerCame: Is told of others who asked.
  ///   - answer: Gives the answer to a request, on the server's thread.
  /// - Throws: ``ControlError``, and `ZMQError` when the process is out of descriptors.
  package init(
    at url: URL, strangerCame: @escaping @Sendable (Peer) -> Void,
    answer: @escaping @Sendable (ControlRequest, Peer) -> ControlAnswer
  ) throws {
    path = url.path(percentEncoded: false)
    end = try Wakeup()
    listener = try ControlSocket.listening(at: path)
    self.strangerCame = strangerCame
    self.answer = answer
  }

  /// Answers until ``stop()``.
  package func start() { Thread.detachNewThread { [self] in serve() } }

  /// Ends the server and removes the socket; a request that is being answered is answered first.
  package func stop() {
    end.signal()
    ended.wait()
    // SAFETY: the path lives during the call.
    _ = unsafe unlink(path)
  }

  private func serve() {
    defer { ended.signal() }
    while true {
      var entries = [
        pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      // SAFETY: the entries live during the call, and their count is theirs.
      let ready = unsafe poll(&entries, nfds_t(entries.count), -1)
      if ready < 0, errno != EINTR { return }
      if entries[1].revents != 0 { return }
      guard ready > 0, let connection = listener.accepted() else { continue }
      serve(connection)
    }
  }

  private func serve(_ connection: ControlSocket) {
    guard let (user, process) = connection.peer else { return }
    let peer = Peer(user: Int(user), process: process)
    let isStranger = user != geteuid() && user != 0
    if isStranger { strangerCame(peer) }
    // Read in any case: an answer is lost where the connection is closed with bytes unread.
    let deadline = ContinuousClock.now + (isStranger ? .milliseconds(500) : Self.patience)
    let line = connection.readLine(atMost: ControlRequest.limit, until: deadline)
    let reply: ControlAnswer
    if isStranger {
      reply = .refused("only user \(geteuid()), who runs this broker, may ask it; you are \(user)")
    } else if let line {
      do throws(ControlFault) {
        reply = answer(try ControlRequest(json: Data(line)), peer)
      } catch {
        reply = .refused(error.description)
      }
    } else {
      reply = .refused("no request, of at most \(ControlRequest.limit) bytes, came in time")
    }
    _ = connection.writeLine(reply.json, until: ContinuousClock.now + Self.patience)
  }
}
