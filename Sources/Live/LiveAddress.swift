/// Where the live page is: "127.0.0.1:8080", "localhost:8080" or "[::1]:8080"; port 0 is any free one.
package struct LiveAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address of an interface, or "localhost"; IPv6 without brackets.
  package let host: String
  /// The port.
  package let port: UInt16

  /// Reads an address; nil if it is none.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.host = String(host)
    self.port = port
  }

  /// Whether nobody outside this machine can reach it.
  package var isLocal: Bool { Self.isLocal(host) }

  static func isLocal(_ host: some StringProtocol) -> Bool {
    host == "localhost" || host.hasPrefix("127.") || host == "::1"
  }

  /// The address as it is written.
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
