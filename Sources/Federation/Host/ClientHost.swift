package import Wire

/// A client's machine with its surroundings: the one place where its actions are done.
///
/// Keeps the client's update until it is settled. As with ``BrokerHost``, transport and executor
/// are passed with each event; both may serve any number of clients.
package final class ClientHost<Update: ChunkedUpdate> {
  /// The state of the protocol.
  package internal(set) var machine: ClientMachine
  /// The update that waits to be settled, and the round for which it was trained.
  package internal(set) var update: (round: Int, update: Update)?

  /// A host for `machine`, which has no update yet.
  package init(_ machine: ClientMachine) { self.machine = machine }

  /// The client's number, from 0.
  package var client: Int { machine.identity.client }

  /// The moment at which the machine's next tick is due, by the client's clock; nil while nothing
  /// is waited for.
  package var wakeTime: Duration? { machine.wakeTime }

  /// The segments of which the client holds a state.
  package var heldSegments: Set<String> { machine.held.segmentNames }

  /// Hands an event to the machine and does what it answers, in its order.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - now: The moment, by the client's clock.
  ///   - transport: The sockets to which messages go.
  ///   - executor: The client's own work.
  /// - Throws: The transport's or the executor's error; the actions after it aren't done.
  package func handle<Transport: ClientTransport<Update>, Executor: ClientExecutor<Update>>(
    _ event: ClientEvent, at now: Duration, over transport: Transport, by executor: Executor
  ) throws(Transport.Failure) where Executor.Failure == Transport.Failure {
    let client = client
    for action in machine.handle(event, at: now) {
      switch action {
      case .send(let message): try transport.send(message, from: client)
      case .sendUpdate(let header, let ranges):
        guard let update, update.round == header.round else {
          executor.lacksUpdate(of: client, round: header.round)
          continue
        }
        for range in ranges {
          try transport.send(
            UpdateChunks(
              of: range.clamped(to: 0..<update.update.length), header: header,
              chunkBytes: machine.limits.chunkBytes),
            of: update.update, from: client)
        }
      case .subscribe(let step):
        executor.open(step, for: client)
        try transport.subscribe(client, to: .step(step.digest))
      case .unsubscribe(let digest): try transport.unsubscribe(client, from: .step(digest))
      case .welcomed(let welcome):
        if let samples = try executor.welcomed(client, by: welcome) {
          try handle(.has(.dealt(samples: samples)), at: now, over: transport, by: executor)
        }
      case .reached(let segment): executor.reached(segment, by: client)
      case .keep(let states): executor.keep(states, of: client)
      case .train(let task): try executor.train(task, client: client)
      case .evaluate(let task): try executor.evaluate(task, client: client)
      case .measure: try executor.measure(client)
      case .normalize(let made): executor.normalize(client, by: made)
      case .settled(let round, let accepted):
        let settled = update?.update
        update = nil
        try executor.settled(client, round: round, accepted: accepted, update: settled)
      case .refused(let round, let reason, let detail):
        executor.refused(client, round: round, reason, detail: detail)
      case .turnedDown(let reason, let detail):
        executor.turnedDown(client, reason, detail: detail)
      case .finished(let end): executor.finished(client, end)
      }
    }
  }

  /// Takes the update that training for a round gave, and offers it; drops it if the round was left
  /// meanwhile.
  package func trained<Transport: ClientTransport<Update>, Executor: ClientExecutor<Update>>(
    _ offer: Offer, _ update: Update, round: Int, at now: Duration, over transport: Transport,
    by executor: Executor
  ) throws(Transport.Failure) where Executor.Failure == Transport.Failure {
    guard machine.task?.round == round else { return }
    self.update = (round, update)
    try handle(.trained(round: round, offer), at: now, over: transport, by: executor)
  }
}

/// A client's encoded update, as far as it is cut into chunks: its bytes, or only how many there
/// would be.
package protocol ChunkedUpdate {
  /// The number of its bytes.
  var length: Int { get }
}

/// The sockets of clients, as far as their machines send: real ones, or those of a simulated
/// network.
package protocol ClientTransport<Update>: AnyObject {
  /// The form of updates.
  associatedtype Update: ChunkedUpdate
  /// The errors of sending; `Never` where nothing can fail.
  associatedtype Failure: Error

  /// Pushes a message to the broker.
  func send(_ message: Message<Uplink>, from client: Int) throws(Failure)

  /// Pushes a part of an update to the broker.
  func send(_ chunks: UpdateChunks, of update: Update, from client: Int) throws(Failure)

  /// Has the bulk socket listen to a topic.
  func subscribe(_ client: Int, to topic: Topic) throws(Failure)

  /// Has the bulk socket no longer listen to a topic on behalf of this client.
  func unsubscribe(_ client: Int, from topic: Topic) throws(Failure)
}

/// The work of clients besides sending: they keep the model's segments, train, tell people.
package protocol ClientExecutor<Update>: AnyObject {
  /// The form of updates.
  associatedtype Update: ChunkedUpdate
  /// The errors of the work.
  associatedtype Failure: Error

  /// Takes note that the broker took a client in.
  ///
  /// - Returns: The number of the samples that the client is dealt if the welcome made it known;
  ///   nil if it was told before.
  func welcomed(_ client: Int, by welcome: Welcome) throws(Failure) -> Int?

  /// Makes room for the chunks of a step; they come once its topic is subscribed to.
  func open(_ step: ModelPatch, for client: Int)

  /// Holds a segment's state, to which all steps are here.
  func reached(_ segment: Segment, by client: Int)

  /// Drops the states that a client no longer holds: all but these, by the first 8 bytes of their
  /// digests.
  func keep(_ states: Set<UInt64>, of client: Int)

  /// Begins to train; to be answered by `ClientHost.trained` or by
  /// `failed`.
  func train(_ task: ClientTask, client: Int) throws(Failure)

  /// Begins to evaluate a model on what the client holds out; to be answered by `evaluated` or by
  /// `failed`.
  func evaluate(_ task: ClientTask, client: Int) throws(Failure)

  /// Begins to add up a client's training samples; to be answered by `measured` or by `unmeasured`.
  func measure(_ client: Int) throws(Failure)

  /// Has a client's samples normalized by this from now on.
  func normalize(_ client: Int, by normalization: FederatedNormalization)

  /// Ends a client's work for a round; `update`, its update if one was trained, is no longer
  /// needed.
  func settled(_ client: Int, round: Int, accepted: Bool, update: Update?) throws(Failure)

  /// Takes note that the broker grants an update that isn't here: a fault of this program.
  func lacksUpdate(of client: Int, round: Int)

  /// Tells people that the broker doesn't take a client's update.
  func refused(_ client: Int, round: Int, _ reason: RefusalReason, detail: String)

  /// Tells people that the broker doesn't take a client in for now; it asks again.
  func turnedDown(_ client: Int, _ reason: RefusalReason, detail: String)

  /// Ends a client's part: nothing more will happen.
  func finished(_ client: Int, _ end: ClientEnd)
}
