import Dispatch
package import Federation
import FlyingFox
import FlyingSocks
package import Foundation
import Synchronization

/// Shows a run while it goes on, at an address of this machine: read-only, from the run's ledger.
///
/// It has threads of its own; the run doesn't know of it and never waits for it.
package final class LiveServer: Sendable {
  /// Its address, with the port that 0 became.
  package let address: LiveAddress
  private let server: HTTPServer
  private let pages: LivePages
  private let task: Task<Void, Never>

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
    let server = try Self.server(address, pages)
    let shared = Shared()
    let begun = DispatchSemaphore(value: 0)
    task = Task.detached {
      do { try await server.run() } catch { shared.settle(.failed(Self.reason(error))) }
      begun.signal()
    }
    Task.detached {
      do {
        try await server.waitUntilListening(timeout: 5)
        shared.settle(.listening(port: Self.port(await server.listeningAddress)))
      } catch { shared.settle(.failed(Self.reason(error))) }
      begun.signal()
    }
    _ = begun.wait(timeout: .now() + 10)
    switch shared.value {
    case .listening(let port):
      self.address =
        LiveAddress(
          address.host.contains(":") ? "[\(address.host)]:\(port)" : "\(address.host):\(port)")
        ?? address
    case .failed(let problem): throw .unavailable("\(address)", problem: problem)
    case .waiting: throw .unavailable("\(address)", problem: "no answer")
    }
    self.pages = pages
    self.server = server
  }

  /// Tells listeners that the run has ended, and stops; returns after two seconds at the latest.
  package func stop() {
    pages.end()
    let deadline = ContinuousClock.now + .seconds(1)
    while pages.listenerCount > 0, ContinuousClock.now < deadline {
      Thread.sleep(forTimeInterval: 0.02)
    }
    let ended = DispatchSemaphore(value: 0)
    Task.detached { [server] in
      await server.stop(timeout: 0.2)
      ended.signal()
    }
    _ = ended.wait(timeout: .now() + 1)
    task.cancel()
  }

  /// The outcome of the beginning.
  private enum Outcome: Sendable {
    case waiting
    case listening(port: UInt16)
    case failed(String)
  }

  private final class Shared: Sendable {
    private let outcome = Mutex<Outcome>(.waiting)

    var value: Outcome { outcome.withLock { $0 } }

    func settle(_ value: Outcome) {
      outcome.withLock { outcome in
        if case .waiting = outcome { outcome = value }
      }
    }
  }

  private static func server(
    _ address: LiveAddress, _ pages: LivePages
  ) throws(LiveError) -> HTTPServer {
    do {
      if address.host.contains(":") {
        let place: sockaddr_in6 = try .inet6(ip6: address.host, port: address.port)
        return HTTPServer(address: place, logger: .disabled, handler: pages)
      }
      let host = address.host == "localhost" ? "127.0.0.1" : address.host
      let place: sockaddr_in = try .inet(ip4: host, port: address.port)
      return HTTPServer(address: place, logger: .disabled, handler: pages)
    } catch {
      throw .unavailable("\(address)", problem: "not an address of IPv4 or IPv6")
    }
  }

  /// The system's text beneath an error of the server's.
  private static func reason(_ error: any Error) -> String {
    guard case SocketError.failed(_, let code, _) = error else { return "\(error)" }
    // SAFETY: strerror's text is copied at once.
    return unsafe String(cString: strerror(code))
  }

  private static func port(_ address: Socket.Address?) -> UInt16 {
    switch address {
    case .ip4(_, let port), .ip6(_, let port): port
    default: 0
    }
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
