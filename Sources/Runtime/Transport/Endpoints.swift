import Glibc
import Server

/// The addresses of a broker's three sockets.
///
/// From one base: `tcp://host:port` uses the port and the two after it; any other endpoint gets a
/// suffix each.
package struct Endpoints: Hashable, Sendable {
  /// The PUB of announcements and mailboxes.
  package var control: String
  /// The PUB of model chunks.
  package var bulk: String
  /// The PULL of updates.
  package var updates: String

  /// Endpoints that are already known one by one.
  package init(control: String, bulk: String, updates: String) {
    self.control = control
    self.bulk = bulk
    self.updates = updates
  }

  /// The endpoints that belong to `base`.
  package init(base: String) throws(EndpointError) {
    let parts = base.split(separator: "://", maxSplits: 1)
    guard parts.count == 2, ["tcp", "ipc", "inproc"].contains(parts[0]), !parts[1].isEmpty else {
      throw .malformed(base)
    }
    guard parts[0] == "tcp" else {
      self.init(control: "\(base).control", bulk: "\(base).bulk", updates: "\(base).updates")
      return
    }
    guard let colon = base.lastIndex(of: ":") else { throw .malformed(base) }
    let host = base[..<colon]
    let text = base[base.index(after: colon)...]
    guard host != "tcp" else { throw .malformed(base) }
    if text == "*" {
      self.init(control: base, bulk: base, updates: base)
    } else if let port = Int(text), (1...65533).contains(port) {
      self.init(
        control: base, bulk: "\(host):\(port + 1)", updates: "\(host):\(port + 2)")
    } else {
      throw .malformed(base)
    }
  }

  /// True if nobody outside this machine can reach the endpoints.
  package var isLocal: Bool {
    guard control.hasPrefix("tcp://") else { return true }
    let end = control.lastIndex(of: ":") ?? control.endIndex
    let host = control[..<end].dropFirst("tcp://".count)
    if host == "localhost" || host == "[::1]" { return true }
    // 127.0.0.0/8 as four numbers: a name such as 127.example.com may be anywhere.
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
      && parts.allSatisfy { UInt8($0) != nil && $0.allSatisfy(\.isNumber) }
  }
}

extension Endpoints {
  /// True if the host is an address of IPv6.
  var isIPv6: Bool { control.hasPrefix("tcp://[") }

  /// The host of tcp, as it was written; nil for other transports.
  private var host: Substring? {
    guard control.hasPrefix("tcp://"), let colon = control.lastIndex(of: ":") else { return nil }
    return control[..<colon].dropFirst("tcp://".count)
  }

  /// The host's name, where it is one that has to be looked up; nil for numbers, and outside of
  /// tcp.
  var name: String? {
    guard let host, host != "*", !HostAddress.isNumeric(host) else { return nil }
    return String(host)
  }

  /// The same endpoints with an address in numbers for the host's name, as sockets are bound to.
  ///
  /// The names of network interfaces stay, as libzmq knows them.
  ///
  /// - Throws: ``UnresolvedName`` where no address is known.
  package func resolvedForBinding() throws(UnresolvedName) -> Endpoints {
    // SAFETY: a terminated string that lives during the call.
    guard let name, unsafe if_nametoindex(name) == 0 else { return self }
    guard let address = try HostAddress.all(of: name).first else { return self }
    func numbered(_ endpoint: String) -> String {
      "tcp://\(address.text)" + endpoint.dropFirst("tcp://\(name)".count)
    }
    return Endpoints(
      control: numbered(control), bulk: numbered(bulk), updates: numbered(updates))
  }

  /// The address of one of the sockets.
  subscript(_ socket: BrokerSocket) -> String {
    switch socket {
    case .control: control
    case .bulk: bulk
    case .updates: updates
    }
  }

  /// Some of the sockets as people name them: "ports 5701 and 5703", or paths.
  func names(of sockets: [BrokerSocket]) -> String {
    let isTCP = control.hasPrefix("tcp://")
    let all = sockets.map { socket -> Substring in
      let endpoint = self[socket]
      guard isTCP, let colon = endpoint.lastIndex(of: ":") else { return endpoint[...] }
      return endpoint[endpoint.index(after: colon)...]
    }
    guard let last = all.last else { return "" }
    let list =
      all.count == 1 ? "\(last)" : all.dropLast().joined(separator: ", ") + " and \(last)"
    return isTCP ? (all.count == 1 ? "port \(list)" : "ports \(list)") : list
  }
}

extension Endpoints: CustomStringConvertible {
  /// "tcp://broker.example, ports 5701, 5702 and 5703", or the three endpoints.
  package var description: String {
    let names = names(of: BrokerSocket.allCases)
    return host.map { "tcp://\($0), \(names)" } ?? names
  }
}

/// The reason why an endpoint can't be used.
package enum EndpointError: Error, Hashable, CustomStringConvertible {
  /// It isn't of the form `tcp://host:port`, `ipc://path` or `inproc://name`.
  case malformed(String)
  /// It can be reached from other machines, and nothing is encrypted.
  case exposed(String, canEncrypt: Bool = true)

  /// The fault and its cure, in words.
  package var description: String {
    switch self {
    case .malformed(let endpoint):
      """
      \(endpoint): not an endpoint; write tcp://HOST:PORT (the two ports after it are used as well), \
      ipc://PATH or inproc://NAME
      """
    case .exposed(let endpoint, let canEncrypt):
      """
      \(endpoint): other machines can reach this address, and nothing is encrypted or authenticated; \
      bind to 127.0.0.1, \(canEncrypt ? "give --keys and --allow, " : "")or say --insecure if you trust the \
      network
      """
    }
  }
}
