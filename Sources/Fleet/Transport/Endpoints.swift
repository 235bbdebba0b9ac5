/// Where a broker's three sockets are.
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

  /// Whether nobody outside this machine can reach the endpoints.
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
  /// Whether the host is an address of IPv6.
  var isIPv6: Bool { control.hasPrefix("tcp://[") }
}

/// Why an endpoint can't be used.
package enum EndpointError: Error, Hashable, CustomStringConvertible {
  /// It isn't of the form `tcp://host:port`, `ipc://path` or `inproc://name`.
  case malformed(String)
  /// It can be reached from other machines, and nothing is encrypted.
  case exposed(String, canEncrypt: Bool = true)

  /// What is wrong, and what to do.
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
