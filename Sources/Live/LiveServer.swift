package import Federation
package import Foundation

/// Shows a run while it goes on, at an address of this machine: read-only, from the run's ledger.
///
/// It has a thread of its own; the run doesn't know of it and never waits for it.
package final class LiveServer: Sendable {
  /// Its address, with the port that 0 became.
  package let address: LiveAddress
  private let server: HTTPServer
  private let pages: LivePages

  /// Begins to serve the run whose ledger is, or will be, at `ledger`.
  ///
  /// `presence` tells who is there, within a second or two; nil where nobody is, as in virtual
  /// time.
  ///
  /// - Throws: ``LiveError``, also when others could reach the address and that wasn't allowed.
  package init(
    _ ledger: URL, at address: LiveAddress, allowingOthers: Bool = false,
    presence: (@Sendable () -> Presence?)? = nil
  ) throws(LiveError) {
    guard address.isLocal || allowingOthers else { throw .exposed("\(address)") }
    let pages = LivePages(
      ledger, isLocal: address.isLocal, presence: presence.map { LivePresence($0) })
    server = try HTTPServer(at: address) { await pages.answer($0) }
    self.address = address.withPort(server.port)
    self.pages = pages
  }

  /// Tells listeners that the run has ended, and stops; returns after two seconds at the latest.
  package func stop() {
    pages.end()
    let deadline = ContinuousClock.now + .seconds(1)
    while pages.listenerCount > 0, ContinuousClock.now < deadline {
      Thread.sleep(forTimeInterval: 0.02)
    }
    server.stop()
  }
}

/// The live page's address: "127.0.0.1:8080", "localhost:8080" or "[::1]:8080"; port 0 is any free
/// one.
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

  private init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// The address with another port.
  func withPort(_ port: UInt16) -> Self { Self(host: host, port: port) }

  /// True if nobody outside this machine can reach it.
  package var isLocal: Bool { Self.isLocal(host) }

  static func isLocal(_ host: some StringProtocol) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    // A name like 127.example.org is anybody's.
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// The address as it is written.
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A reason for which the live page can't be shown.
package enum LiveError: Error, Hashable, CustomStringConvertible {
  /// Other machines could read it, and nothing is encrypted.
  case exposed(String)
  /// Nothing can be served there.
  case unavailable(String, problem: String)
  /// Nothing can be had from there.
  case noAnswer(String, problem: String)

  /// The fault, and its remedy.
  package var description: String {
    switch self {
    case .exposed(let address):
      """
      \(address): other machines can reach this address, and the page is neither encrypted nor asks who reads it; \
      serve at 127.0.0.1, or say --serve-insecure if you trust the network
      """
    case .noAnswer(let address, let problem):
      "\(address): \(problem); is it the address at which a broker serves its page (--serve)?"
    case .unavailable(let address, let problem):
      "\(address): can't serve the live page there (\(problem)); choose another port or address"
    }
  }
}
