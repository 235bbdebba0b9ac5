import Federation
import Ledger
import LocalTraining
import Server
import Wire
import ZeroMQ

/// An event that reaches a worker's loop from another thread.
enum WorkerEvent: Sendable {
  /// A client's own samples were read, for the first time or because they had changed.
  case read(client: Int, OwnFolder.Outcome)
  /// A client's own samples that are of no use haven't changed.
  case isUnchanged(client: Int)
  /// A client's training in a round ended.
  case ended(client: Int, round: Int, LocalResult)
  /// A client's evaluation of the model of a round ended.
  case evaluated(client: Int, round: Int, LocalScores)
  /// A client's training samples were added up.
  case measured(client: Int, LocalSums)
  /// The host's name has addresses, of IPv6 alone or not.
  case resolved(isIPv6: Bool)
  /// The host's name has no address for now.
  case unresolved(UnresolvedName)
  /// The workload that the broker's plan says was made, or can't be.
  case made(Result<Workload, any Error>)
  /// A failed connection was looked into: the error's number, 0 where it wouldn't fail any more.
  case probed(BrokerSocket, CInt)
  /// The mechanism with which whoever listens at the broker's address greets; nil for none.
  case greeted(mechanism: String?)
  /// The worker is to stop.
  case stop
}

extension WorkerLoop {
  /// Takes in what reached the loop from other threads.
  func take(_ event: WorkerEvent) throws {
    switch event {
    case .read(let client, let outcome): try take(outcome, of: client)
    case .isUnchanged(let client): repairs.await(client, at: now)
    case .ended(let client, let round, .trained(let offer, let update, _)):
      guard let host = hosts[client], host.machine.task?.round == round else { return }
      KillPoint.updateTrained.pass()
      try host.trained(
        offer, TrainedUpdate(bytes: update), round: round, at: now, over: sockets, by: self)
    case .ended(let client, let round, .failed(let reason, let detail)):
      report(.declined(client: client, round: round, reason, detail: detail))
      try handle(.failed(round: round, reason, detail: detail), for: client)
    case .evaluated(let client, let round, .scored(let scores)):
      try handle(.evaluated(round: round, scores), for: client)
    case .evaluated(let client, let round, .failed(let reason, let detail)):
      report(.declined(client: client, round: round, reason, detail: detail))
      try handle(.failed(round: round, reason, detail: detail), for: client)
    case .measured(let client, let sums): try take(sums, of: client)
    // These are the affair of the connection, and of the plan.
    case .resolved, .unresolved, .probed, .greeted, .made: break
    case .stop:
      ends += unread.map { _ in .left }
      unread = []
      for client in settings.clients { try handle(.stop, for: client) }
    }
  }

  /// Takes in a published message: to all, to one client, or chunks of a segment.
  func take(_ received: ZeroMQ.Message) throws {
    guard let message = received.downlink, let text = received.text(of: 0), let topic = Topic(text)
    else {
      connection.unreadable += 1
      return
    }
    switch topic {
    case .client(let client):
      guard message.header.client == client else { return }
      try deliver(message, received, to: [client])
    case .all, .step:
      if case .announce(let announce) = message.body { note(announce.state) }
      try deliver(message, received, to: settings.clients)
    }
  }

  /// Says when the broker begins and ceases to hold rounds back.
  private func note(_ state: Announce.State) {
    guard joined > 0, isPaused != (state == .paused) else { return }
    isPaused = state == .paused
    report(.paused(isPaused))
  }

  private func deliver(
    _ message: Wire.Message<Downlink>, _ received: ZeroMQ.Message, to clients: [Int]
  ) throws {
    var event = ClientEvent.message(message)
    if case .modelChunk(let step, let offset, _) = message.body {
      // SAFETY: the payload is read only within the closure.
      let outcome = unsafe received.withUnsafeBytes(of: 2) { payload in
        unsafe store.put(step, offset: offset, payload)
      }
      switch outcome {
      case .kept: KillPoint.chunkReceived.pass()
      case .damaged(let digest): event = .damaged(digest)
      case .unwanted: return
      }
    }
    for client in clients { try handle(event, for: client) }
  }
}
