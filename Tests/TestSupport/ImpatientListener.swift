import Foundation
import Glibc
import Synchronization

/// Listens as a broker with CURVE does that always reads faster than it writes: it hangs up as soon
/// as it has the whole of a greeting, before it has said how it greets itself.
///
/// To who stops in the middle of a greeting it says all of its own (RFC 37/ZMTP).
package final class ImpatientListener: Sendable {
  private let listeners: [CInt]
  private let hangUps = Mutex(0)

  /// The number of connections on which it hung up so far.
  package var count: Int { hangUps.withLock { $0 } }

  /// Listens on `count` ports of this machine from `port` on.
  ///
  /// - Throws: `POSIXError` if a port isn't free.
  package init(on port: Int, count: Int) throws {
    var listeners: [CInt] = []
    for offset in 0..<count {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var yes: CInt = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
      guard calling(bind, descriptor, port + offset), listen(descriptor, 64) == 0 else {
        close(descriptor)
        throw POSIXError(.EADDRINUSE)
      }
      listeners.append(descriptor)
    }
    self.listeners = listeners
    for listener in listeners {
      Thread.detachNewThread { [weak self] in
        while true {
          let peer = accept(listener, nil, nil)
          guard peer >= 0 else { return }
          Thread.detachNewThread { [weak self] in
            if Self.greet(peer) { self?.hangUps.withLock { $0 += 1 } }
            close(peer)
          }
        }
      }
    }
  }

  deinit {
    for listener in listeners {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
    }
  }

  /// The greeting: signature, version 3.1, mechanism, server.
  private static let greeting: [UInt8] =
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1] + Array("CURVE".utf8)
    + Array(repeating: 0, count: 15) + [1] + Array(repeating: 0, count: 31)

  /// Greets a peer, and tells whether its greeting came whole.
  private static func greet(_ peer: CInt) -> Bool {
    func say(_ bytes: ArraySlice<UInt8>) {
      _ = Array(bytes).withUnsafeBytes {
        send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
    }
    say(greeting[..<11])
    var (read, isSaid) = (0, false)
    var buffer = [UInt8](repeating: 0, count: 64)
    while read < 64 {
      // Who has said its version and then waits is told the rest.
      var item = pollfd(fd: peer, events: Int16(POLLIN), revents: 0)
      if read >= 12, !isSaid, poll(&item, 1, 300) == 0 {
        say(greeting[11...])
        isSaid = true
      }
      let got = recv(peer, &buffer, buffer.count, 0)
      guard got > 0 else { return false }
      read += got
    }
    return true
  }
}
