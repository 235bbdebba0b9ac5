import Foundation
import Glibc
import Synchronization

/// Passes tcp connections on to neighbouring ports of this machine, and cuts some of them.
package final class CuttingRelay: Sendable {
  /// The first of the relay's own ports.
  package let port: Int
  private let target: Int
  private let limits: [Int: Int]
  private let times: Int
  private let listeners: [CInt]
  private let done = Mutex<[Int: Int]>([:])

  /// A relay before `ports` ports from `target` on.
  ///
  /// - Parameters:
  ///   - target: The first port to pass connections on to.
  ///   - ports: How many neighbouring ports there are.
  ///   - limits: After how many bytes a connection of a port, counted from 0, is cut.
  ///   - times: How many connections of each port are cut; later ones aren't.
  /// - Throws: `POSIXError` if no ports are free.
  package init(to target: Int, ports: Int, cutting limits: [Int: Int], times: Int) throws {
    self.target = target
    self.limits = limits
    self.times = times
    port = try freePorts()
    listeners = try (port..<port + ports).map { try listener(on: $0) }
    for (index, listener) in listeners.enumerated() {
      Thread.detachNewThread { [self] in accept(from: listener, index) }
    }
  }

  /// How many connections of each port were cut.
  package var cuts: [Int: Int] { done.withLock { $0 } }

  /// Takes no more connections.
  package func stop() { for listener in listeners { shutdown(listener, CInt(SHUT_RDWR)) } }

  private func accept(from listener: CInt, _ index: Int) {
    while true {
      let near = Glibc.accept(listener, nil, nil)
      guard near >= 0 else { return }
      guard let far = connection(to: target + index) else {
        close(near)
        continue
      }
      let pair = Pair(near: near, far: far)
      let budget = Budget(limits[index] ?? .max)
      for (source, sink) in [(near, far), (far, near)] {
        Thread.detachNewThread { [self] in pump(source, sink, pair, budget, index) }
      }
    }
  }

  private func pump(_ source: CInt, _ sink: CInt, _ pair: Pair, _ budget: Budget, _ index: Int) {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      var sent = 0
      while sent < count {
        let step = buffer.withUnsafeBytes {
          send(sink, $0.baseAddress?.advanced(by: sent), count - sent, CInt(MSG_NOSIGNAL))
        }
        guard step > 0 else { break }
        sent += step
      }
      guard sent == count else { break }
      if budget.spend(count), mayCut(index) {
        pair.end(abruptly: true)
        return
      }
    }
    pair.end(abruptly: false)
  }

  private func mayCut(_ index: Int) -> Bool {
    done.withLock { done in
      guard done[index, default: 0] < times else { return false }
      done[index, default: 0] += 1
      return true
    }
  }

  /// The bytes that a connection may still carry.
  private final class Budget: Sendable {
    private let left: Mutex<Int>

    init(_ bytes: Int) { left = Mutex(bytes) }

    /// True if these bytes use up what was left.
    func spend(_ count: Int) -> Bool {
      left.withLock { left in
        guard left > 0 else { return false }
        left -= count
        return left <= 0
      }
    }
  }

  /// Both ends of a connection, closed once both directions are done.
  private final class Pair: Sendable {
    private let near: CInt
    private let far: CInt
    private let ends = Mutex(0)

    init(near: CInt, far: CInt) {
      self.near = near
      self.far = far
    }

    deinit {
      close(near)
      close(far)
    }

    /// Wakes both directions; abruptly, both peers see a reset where bytes are on their way.
    func end(abruptly: Bool) {
      if abruptly {
        for descriptor in [near, far] {
          var atOnce = linger(l_onoff: 1, l_linger: 0)
          setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
        }
      }
      for descriptor in [near, far] { shutdown(descriptor, CInt(SHUT_RDWR)) }
    }
  }
}

private func listener(on port: Int) throws -> CInt {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
  var yes: CInt = 1
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
  guard withAddress(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
    close(descriptor)
    throw POSIXError(.EADDRINUSE)
  }
  return descriptor
}

private func connection(to port: Int) -> CInt? {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
  guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
    close(descriptor)
    return nil
  }
  return descriptor
}

private func withAddress(
  _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
) -> CInt {
  var address = loopback(port)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
