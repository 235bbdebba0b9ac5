import Foundation
import ZeroMQ

/// A fault that keeps a worker from its broker for now, as far as its side can tell; it goes on
/// trying.
package enum ContactFault: Hashable, Sendable, CustomStringConvertible {
  /// The host's name has no address.
  case unresolved(UnresolvedName)
  /// The name server hasn't answered.
  case resolving(host: String)
  /// The host says that nobody listens on some ports, or at some paths.
  case refused(places: String)
  /// The network has no way to some ports, or the system none to some paths.
  case unreachable(places: String, code: Int32)
  /// Nothing comes back from some ports.
  case silent(places: String)
  /// Something other than a broker's socket answers at some ports.
  case foreign(places: String)
  /// Something took the connections, and says nothing.
  case mute(places: String)

  /// The fault and what to check, in words.
  package var description: String {
    switch self {
    case .unresolved(let error): "\(error)"
    case .resolving(let host):
      "the name server hasn't answered yet which address \(host) has; check the name and the network"
    case .refused(let places):
      "connection refused: nobody listens at \(places); check that the broker runs, and its --bind"
    case .unreachable(let places, let code):
      "\(places) can't be reached (\(Self.reason(code))); check the address and the network"
    case .silent(let places):
      "no answer from \(places): the host is down, or a firewall drops what goes there"
    case .foreign(let places):
      """
      what answers at \(places) isn't a broker's socket there; --connect names the first of the broker's \
      three ports
      """
    case .mute(let places):
      """
      connected to \(places), but the broker doesn't answer: it is stopped or overloaded, or --connect names \
      something else than the first of its three ports
      """
    }
  }

  private static func reason(_ code: Int32) -> String {
    POSIXErrorCode(rawValue: code).map { POSIXError($0).localizedDescription } ?? "error \(code)"
  }
}

/// The moments at which a lasting fault is told: when it shows or changes, and now and then again.
struct ContactNews {
  /// The longest that a connection may take before that is said: within two seconds of its
  /// beginning.
  static let patience = Duration.milliseconds(1500)

  private var fault: ContactFault?
  private var next = Duration.zero
  private var pause = Duration.seconds(10)

  /// True if `fault` is to be said now.
  mutating func isDue(_ fault: ContactFault, _ now: Duration) -> Bool {
    if fault != self.fault {
      pause = .seconds(10)
    } else {
      guard now >= next else { return false }
      pause = .seconds(30)
    }
    self.fault = fault
    next = now + pause
    return true
  }
}
