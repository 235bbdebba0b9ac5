import Foundation
import Glibc
import Synchronization

/// Passes on what goes to some neighbouring ports of this machine, until its connections are cut.
package final class TCPRelay: Sendable {
  private let listeners: [CInt]
  private let connections = Mutex<Set<CInt>>([])
  private let count = Mutex(0)

  /// How many connections it has passed on so far, those that ended included.
  package var accepted: Int { count.withLock { $0 } }

  /// Listens on `count` ports from `port` on, for those from `target` on.
  ///
  /// - Throws: `POSIXError` if a port isn't free.
  package init(from port: Int, to target: Int, count: Int) throws {
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
    for (offset, listener) in listeners.enumerated() {
      Thread.detachNewThread { [weak self] in
        while true {
          let near = accept(listener, nil, nil)
          guard near >= 0 else { return }
          let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
          guard let self, calling(connect, far, target + offset) else {
            close(near)
            close(far)
            continue
          }
          self.count.withLock { $0 += 1 }
          start(near, far)
        }
      }
    }
  }

  deinit {
    for listener in listeners {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
    }
    cut()
  }

  /// Ends all connections, in both directions; new ones may be made at once.
  package func cut() {
    connections.withLock { connections in
      for descriptor in connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
  }

  private func start(_ near: CInt, _ far: CInt) {
    connections.withLock { $0.formUnion([near, far]) }
    let open = Halves()
    for (source, sink) in [(near, far), (far, near)] {
      Thread.detachNewThread { [weak self] in
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        copying: while true {
          let count = recv(source, &buffer, buffer.count, 0)
          guard count > 0 else { break }
          var sent = 0
          while sent < count {
            let step = buffer.withUnsafeBytes {
              send(sink, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
            }
            guard step > 0 else { break copying }
            sent += step
          }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
        guard open.end() else { return }
        self?.connections.withLock { $0.subtract([near, far]) }
        close(near)
        close(far)
      }
    }
  }

  /// Says which of two threads ends last.
  private final class Halves: Sendable {
    private let halves = Mutex(2)

    func end() -> Bool {
      halves.withLock { halves in
        halves -= 1
        return halves == 0
      }
    }
  }
}

/// True if bind(2) or connect(2) succeeds for a port of this machine.
func calling(
  _ call: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt, _ descriptor: CInt, _ port: Int
) -> Bool {
  var address = loopback(port)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
