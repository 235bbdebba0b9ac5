import Synchronization
package import ZeroMQ

/// Decides which keys come in, and which clients each of them may play; the list can change at any
/// time.
package final class AccessControl: Sendable {
  /// The answer to whether a message is from somebody who may play its client.
  package enum Verdict: Hashable, Sendable {
    /// This worker may.
    case allowed(AdmittedWorker)
    /// This worker may not.
    case notTheirs(AdmittedWorker)
    /// The sender's key isn't on the list, or not any more.
    case unknownKey
  }

  /// The ZAP domain of a broker's sockets.
  static let domain = "progfed"

  private let list: Mutex<AdmittedWorkers>

  /// Access control with a first list.
  package init(_ workers: AdmittedWorkers) { list = Mutex(workers) }

  /// The list in force.
  package var workers: AdmittedWorkers { list.withLock { $0 } }

  /// Puts another list in force.
  package func admit(_ workers: AdmittedWorkers) { list.withLock { $0 = workers } }

  /// Decides about a connection; its messages carry the key as the user's name.
  package func decide(_ request: ZAPRequest) -> ZAPDecision {
    guard request.domain == Self.domain else { return .refuse(reason: "Unknown domain") }
    guard let key = request.key else { return .refuse(reason: "CURVE is required") }
    guard workers[key] != nil else { return .refuse(reason: "Unknown key") }
    return .accept(userID: key.z85)
  }

  /// Judges whether the sender, by the user's name that its connection was given, may play
  /// `client`.
  package func verdict(on userID: String?, playing client: Int) -> Verdict {
    guard let userID, let key = CurveKey(z85: userID), let worker = workers[key] else {
      return .unknownKey
    }
    return worker.clients.contains(client) ? .allowed(worker) : .notTheirs(worker)
  }
}
