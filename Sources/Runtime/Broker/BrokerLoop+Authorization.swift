import Federation
import Server
import Wire
import ZeroMQ

extension BrokerLoop {
  /// Whether the sender's key may speak for the message's client; if not, it is counted, and a JOIN answered.
  func isAuthorized(
    _ message: Wire.Message<Uplink>, _ received: ZeroMQ.Message
  ) throws(ZMQError) -> Bool {
    guard let gatekeeper, let client = message.header.client else { return true }
    let detail: String
    switch gatekeeper.verdict(on: received.userID, playing: client) {
    case .allowed(let worker):
      if case .offer(let offer) = message.body, let limit = worker.samples, offer.samples > limit {
        books.received(stray: received.frameSizes)
        let problem =
          "field samples is \(offer.samples), beyond \(limit), the most that a client of worker "
          + "\(worker.name) may have"
        try handle(.faulty(UplinkFault(header: message.header, problem: problem)))
        return false
      }
      if case .join(let join) = message.body, (0..<plan.clients).contains(client) {
        owners[client] = ClientOwner(worker: join.worker, key: worker.key)
      }
      return true
    case .notTheirs(let worker):
      detail = "worker \(worker.name) may play clients \(worker.clients), not \(client)"
    case .unknownKey: detail = Self.removed
    }
    books.received(stray: received.frameSizes)
    if case .join(let join) = message.body {
      try handle(.forbidden(client: client, worker: join.worker, detail: detail))
    } else {
      books.count("message from a key that may not play its client")
      log.write(.warning, "message refused", ["client": .number(client), "detail": .text(detail)])
    }
    return false
  }

  /// The allow-list changed: who plays a client that its key may no longer play is told so and taken out.
  func admissionsChanged() throws(ZMQError) {
    guard let gatekeeper else { return }
    let workers = gatekeeper.workers
    log.write(.notice, "allow-list changed", ["workers": .number(workers.workers.count)])
    for (client, player) in owners.sorted(by: { $0.key < $1.key }) {
      let detail: String
      switch gatekeeper.verdict(on: player.key.z85, playing: client) {
      case .allowed: continue
      case .notTheirs(let worker):
        detail = "worker \(worker.name) may no longer play client \(client)"
      case .unknownKey: detail = Self.removed
      }
      owners[client] = nil
      try handle(.forbidden(client: client, worker: player.worker, detail: detail))
    }
    // Their connections end as well: only a handshake asks for the key.
    let lost = connections.connections { CurveKey(z85: $0).flatMap { workers[$0] } != nil }
    for verdict in lost { cut(verdict) }
  }

  private static let removed = "the worker's key isn't on the broker's allow-list any more"
}

/// Who plays a client, as its JOIN said and its connection proved.
struct ClientOwner: Hashable, Sendable {
  /// The worker process.
  var worker: UInt64
  /// Its public key.
  var key: CurveKey
}
