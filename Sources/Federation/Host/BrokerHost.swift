package import Wire

/// A broker's machine with its surroundings: the one place where its actions are done.
///
/// Events come in with the moment at which they happened; what the machine answers goes out over a
/// transport and to an executor. Both are passed with each event, so that a loop can be either
/// itself, and may look at the host while it is called.
package final class BrokerHost<Upload: UpdateAssembly> {
  /// The state of the protocol.
  package internal(set) var machine: BrokerMachine
  /// The updates that are arriving, by client.
  package internal(set) var uploads: [Int: Upload] = [:]

  /// A host for `machine`, which nothing has been sent to yet.
  package init(_ machine: BrokerMachine) { self.machine = machine }

  /// Hands an event to the machine and does what it answers, in its order.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - chunk: The part of an update that an `updateChunk` message brings.
  ///   - now: The moment, by the broker's clock.
  ///   - transport: The sockets to which messages go.
  ///   - executor: The broker's own work.
  /// - Throws: The transport's or the executor's error; the actions after it aren't done.
  package func handle<Transport: BrokerTransport, Executor: BrokerExecutor<Upload>>(
    _ event: BrokerEvent, carrying chunk: Upload.Chunk? = nil, at now: Duration,
    over transport: Transport, by executor: Executor
  ) throws(Transport.Failure) where Executor.Failure == Transport.Failure {
    for action in machine.handle(event, at: now) {
      switch action {
      case .send(let topic, let message): try transport.send(message, under: topic)
      case .broadcast(let round, let broadcasts):
        for broadcast in broadcasts {
          try transport.broadcast(
            chunks(of: broadcast.step, header: header(of: round), for: broadcast.purpose),
            to: broadcast.clients)
        }
      case .repair(let round, let client, let step, let ranges):
        try repair(step, ranges, for: client, in: round, purpose: .training, over: transport)
      case .repairForEvaluation(let round, let client, let step, let ranges):
        try repair(step, ranges, for: client, in: round, purpose: .evaluation, over: transport)
      case .sendPlan(let client, let worker, let plan, let ranges):
        var header = header(of: 0, client: client)
        header.worker = worker
        for range in ranges {
          let chunks = PlanChunks(
            of: plan, range, header: header, chunkBytes: machine.plan.limits.chunkBytes)
          try transport.send(chunks, to: client)
        }
      case .reserve(let client, let length): uploads[client] = Upload(length: length)
      case .receive(let client, let offset):
        if let chunk, uploads[client]?.put(chunk, at: offset) == true { continue }
        executor.lacksPlace(for: client, at: offset)
      case .release(let client): uploads[client] = nil
      case .store(let round, let client, let attempt, let submission):
        try executor.store(
          uploads.removeValue(forKey: client) ?? Upload(length: 0), submission, of: client,
          attempt: attempt, in: round)
      case .prepare(let round): try executor.prepare(round: round)
      case .close(let result): try executor.close(result)
      case .prepareEvaluation(let round): try executor.prepareEvaluation(round: round)
      case .evaluated(let result): try executor.evaluated(result)
      case .keep(let labels, of: let client): executor.keep(labels: labels, of: client)
      case .leap(let epoch): try executor.leap(to: epoch)
      case .normalize(let result): try executor.normalize(result)
      case .count(let name): executor.count(name)
      case .notice(let notice): executor.notice(notice)
      case .finished(let complete): executor.finished(complete: complete)
      }
    }
  }

  /// The moment at which the machine's next tick is due, by the broker's clock; nil once its run
  /// has ended.
  package var wakeTime: Duration? { machine.wakeTime }

  /// True if a client has offered an update that it may send, or waits to.
  package func awaitsUpdate(of client: Int) -> Bool {
    machine.state.work?.progress[client]?.isOffered == true
  }

  /// True if a client has an update and waits for leave to send it.
  package var awaitsRoom: Bool { machine.state.work?.awaitsRoom ?? false }

  /// The header of what is sent in a round, to one client or to all.
  package func header(of round: Int, client: Int? = nil) -> Header {
    var header = Header(
      run: machine.plan.run, epoch: machine.plan.epoch, round: round,
      stage: machine.stage(of: round) ?? 0)
    header.client = client
    return header
  }

  func repair<Transport: BrokerTransport>(
    _ step: ModelPatch, _ ranges: [Range<Int>], for client: Int, in round: Int,
    purpose: TaskPurpose, over transport: Transport
  ) throws(Transport.Failure) {
    let header = header(of: round, client: client)
    for range in ranges {
      transport.missed(
        chunks(of: step, range, header: header, isAligned: true, for: purpose), by: client)
      try transport.repair(chunks(of: step, range, header: header, for: purpose), for: client)
    }
  }

  func chunks(
    of step: ModelPatch, _ range: Range<Int>? = nil, header: Header, isAligned: Bool = false,
    for purpose: TaskPurpose
  ) -> ModelChunks {
    ModelChunks(
      of: step, range ?? 0..<step.length, header: header,
      chunkBytes: machine.plan.limits.chunkBytes, isAligned: isAligned, for: purpose)
  }
}

/// The sockets of a broker, as far as its machine sends: real ones, or those of a simulated
/// network.
package protocol BrokerTransport<Failure>: AnyObject {
  /// The errors of sending; `Never` where nothing can fail.
  associatedtype Failure: Error

  /// Publishes a message on the control socket, to one client's mailbox or to all.
  func send(_ message: Message<Downlink>, under topic: Topic) throws(Failure)

  /// Publishes a whole step on the bulk socket, under the step's topic, for the clients that asked
  /// for it.
  ///
  /// It reaches whoever listens; the links of `clients` are those that carry it.
  func broadcast(_ chunks: ModelChunks, to clients: [Int]) throws(Failure)

  /// Takes note that a client asks again for parts of chunks that may have been broadcast to it.
  ///
  /// Comes before their repair. A transport that knows what arrived needs to do nothing.
  func missed(_ chunks: ModelChunks, by client: Int)

  /// Sends a part of a step to one client's mailbox on the bulk socket.
  func repair(_ chunks: ModelChunks, for client: Int) throws(Failure)

  /// Sends a part of the plan to one client's mailbox on the control socket.
  func send(_ chunks: PlanChunks, to client: Int) throws(Failure)
}

/// The work of a broker besides sending: it makes models, stores updates, ends rounds, tells
/// people.
package protocol BrokerExecutor<Upload>: AnyObject {
  /// The form in which updates arrive.
  associatedtype Upload: UpdateAssembly
  /// The errors of the work.
  associatedtype Failure: Error

  /// Makes the model of a round, once all earlier rounds are safe; to be answered by `prepared`.
  func prepare(round: Int) throws(Failure)

  /// Checks an update that is complete, and stores it durably; to be answered by `stored`.
  ///
  /// - Parameters:
  ///   - upload: The update.
  ///   - submission: Its offer, and the round and stage for which it was trained.
  ///   - client: The client that sent it.
  ///   - attempt: The number of the client's process.
  ///   - round: The round in which it counts, which may be a later one than it was trained for.
  /// - Throws: An error that keeps the work from being begun.
  func store(
    _ upload: Upload, _ submission: Submission, of client: Int, attempt: Int, in round: Int
  ) throws(Failure)

  /// Takes note that a chunk is to be put where no room was made for it: a fault of this program.
  func lacksPlace(for client: Int, at offset: Int)

  /// Aggregates the accepted updates of a round that is over, and books it.
  func close(_ result: RoundResult) throws(Failure)

  /// Makes the model that a round came to ready to be evaluated by clients; to be answered by
  /// `evaluable`.
  ///
  /// Comes after the round's `close`; the round is booked only by ``evaluated(_:)``.
  func prepareEvaluation(round: Int) throws(Failure)

  /// Aggregates the scores of an evaluation, and books its round.
  func evaluated(_ result: EvaluationResult) throws(Failure)

  /// Keeps what a client told: the number of its training samples of each label.
  func keep(labels: [Int], of client: Int)

  /// Makes durable that the broker goes on as incarnation `epoch`, before this returns.
  func leap(to epoch: Int) throws(Failure)

  /// Makes one normalization of clients' sums and keeps it durably; to be answered by `normalized`.
  func normalize(_ result: MeasuringResult) throws(Failure)

  /// Counts something that went wrong, under its name in the ledger.
  func count(_ name: String)

  /// Tells people.
  func notice(_ notice: BrokerNotice)

  /// Takes note that nothing more will happen.
  func finished(complete: Bool)
}

extension BrokerExecutor {
  /// Keeps nothing: whoever plays the client in this process knows.
  package func keep(labels: [Int], of client: Int) {}

  /// Does nothing, where no incarnation outlives the process.
  package func leap(to epoch: Int) throws(Failure) {}
}
