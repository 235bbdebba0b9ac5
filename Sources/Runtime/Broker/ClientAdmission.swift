import Federation
package import Wire
import ZeroMQ

extension Uplink {
  /// The number of samples that the client claims to have, where it claims one.
  fileprivate var samples: Int? {
    switch self {
    case .join(let join): join.samples
    case .offer(let offer): offer.samples
    default: nil
    }
  }
}

/// Decides whether a message's sender may speak for its client, and remembers who plays which.
///
/// Without access control everybody may.
package struct ClientAdmission {
  /// The answer to a message's sender.
  package enum Verdict: Hashable, Sendable {
    /// It is taken.
    case allowed
    /// The sender may play the client, but not say this of it.
    case faulty(problem: String)
    /// The sender may not play the client.
    case forbidden(detail: String)
  }

  /// A client whose worker may no longer play it.
  package struct Removal: Hashable, Sendable {
    /// The client.
    package var client: Int
    /// The number of its worker process.
    package var worker: UInt64
    /// The reason, for people.
    package var detail: String
  }

  private struct Owner {
    let worker: UInt64
    let key: CurveKey
  }

  /// The keys that come in, and the clients of each; nil where connections aren't authenticated.
  let control: AccessControl?
  private let clients: Int
  /// The number whose multiples clients tell of their samples.
  private let sampleUnit: Int
  private var owners: [Int: Owner] = [:]

  /// An admission to a fleet of so many clients, whose numbers of samples are multiples of
  /// `sampleUnit`.
  package init(_ control: AccessControl?, clients: Int, sampleUnit: Int = 1) {
    self.control = control
    self.clients = clients
    self.sampleUnit = sampleUnit
  }

  /// The answer to the sender of a message, by the user's name that its connection was given.
  package mutating func verdict(on message: Wire.Message<Uplink>, from userID: String?) -> Verdict {
    guard let control, let client = message.header.client else { return .allowed }
    switch control.verdict(on: userID, playing: client) {
    case .allowed(let worker):
      if let samples = message.body.samples,
        let limit = worker.samples?.told(by: sampleUnit), samples > limit
      {
        return .faulty(
          problem: "field samples is \(samples), beyond \(limit), the most that a client of "
            + "worker \(worker.name) may have")
      }
      if case .join(let join) = message.body, (0..<clients).contains(client) {
        owners[client] = Owner(worker: join.worker, key: worker.key)
      }
      return .allowed
    case .notTheirs(let worker):
      return .forbidden(
        detail: "worker \(worker.name) may play clients \(worker.clients), not \(client)")
    case .unknownKey: return .forbidden(detail: Self.removed)
    }
  }

  /// True if the sender may be told of a message of this client that can't be read.
  package func mayPlay(_ client: Int, _ userID: String?) -> Bool {
    guard let control else { return true }
    if case .allowed = control.verdict(on: userID, playing: client) { return true }
    return false
  }

  /// The name that people gave the sender's worker; nil where they gave none.
  package func name(of userID: String?, playing client: Int?) -> String? {
    guard let control, let client,
      case .allowed(let worker) = control.verdict(on: userID, playing: client)
    else { return nil }
    return worker.name
  }

  /// Forgets the clients whose workers may no longer play them, in rising order, as the list was
  /// changed.
  package mutating func removals() -> [Removal] {
    guard let control else { return [] }
    var removals: [Removal] = []
    for (client, owner) in owners.sorted(by: { $0.key < $1.key }) {
      let detail: String
      switch control.verdict(on: owner.key.z85, playing: client) {
      case .allowed: continue
      case .notTheirs(let worker):
        detail = "worker \(worker.name) may no longer play client \(client)"
      case .unknownKey: detail = Self.removed
      }
      owners[client] = nil
      removals.append(Removal(client: client, worker: owner.worker, detail: detail))
    }
    return removals
  }

  private static let removed = "the worker's key isn't on the broker's allow-list any more"
}
