import Glibc
import ZeroMQ

/// A place of tcp: an IPv4 address and a port.
package struct StreamAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address, its first number in the highest byte.
  private var host: UInt32
  /// The port; 0 for any that is free.
  package var port: Int

  /// A port of this machine, for itself alone.
  package init(loopback port: Int) {
    host = 0x7F00_0001
    self.port = port
  }

  /// The place that `tcp://A.B.C.D:PORT` or `tcp://localhost:PORT` names.
  ///
  /// - Throws: ``RelayError`` for anything else.
  package init(_ endpoint: String) throws(RelayError) {
    let rest = endpoint.hasPrefix("tcp://") ? endpoint.dropFirst(6) : Substring(endpoint)
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let port = Int(parts[1]), (1...65533).contains(port) else {
      throw .malformed(endpoint)
    }
    let text = parts[0] == "localhost" ? "127.0.0.1" : parts[0]
    let numbers = text.split(separator: ".").map { Int($0) ?? -1 }
    guard numbers.count == 4, numbers.allSatisfy((0...255).contains) else {
      throw .malformed(endpoint)
    }
    host = numbers.reduce(0) { $0 << 8 | UInt32($1) }
    self.port = port
  }

  /// The same machine's port that lies so many further.
  package func neighbour(_ offset: Int) -> StreamAddress {
    var other = self
    other.port += offset
    return other
  }

  /// True if nobody outside this machine can reach it.
  package var isLocal: Bool { host >> 24 == 127 }

  package var description: String {
    let numbers = stride(from: 24, through: 0, by: -8).map { "\(host >> $0 & 255)" }
    return "tcp://\(numbers.joined(separator: ".")):\(port)"
  }

  /// Hands the address to a call of the system in the form that it takes.
  func calling(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = UInt16(port).bigEndian
    place.sin_addr.s_addr = host.bigEndian
    // SAFETY: an address of tcp begins as any address does, and lives during the call.
    return unsafe withUnsafePointer(to: &place) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

/// The reason why a relay can't be.
package enum RelayError: Error, Hashable, CustomStringConvertible {
  /// It isn't of the form `tcp://A.B.C.D:PORT`.
  case malformed(String)
  /// Nothing can listen there.
  case cannotListen(String, reason: String)
  /// There is no way there.
  case cannotConnect(String, reason: String)
  /// The process is out of sockets.
  case noSockets(reason: String)

  /// The fault and its cure, in words.
  package var description: String {
    switch self {
    case .malformed(let endpoint):
      """
      \(endpoint): not a place of tcp; write tcp://A.B.C.D:PORT, with numbers (the two ports after it are \
      used as well)
      """
    case .cannotListen(let place, let reason):
      "\(place): can't listen there (\(reason)); choose an address of this machine and three free ports"
    case .cannotConnect(let place, let reason):
      "\(place): can't connect there (\(reason)); check the address, and that there is a way to it"
    case .noSockets(let reason):
      "no more sockets (\(reason)); raise the limit of open descriptors, or relay fewer clients"
    }
  }
}
