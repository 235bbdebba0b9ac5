import Bytes
import Codecs
import Federation
import Progressive
import Wire

extension Array: ChunkBytes where Element == UInt8 {
  package func copy(to place: UnsafeMutableRawBufferPointer) {
    withUnsafeBytes { place.copyMemory(from: $0) }
  }
}

/// A host of a broker on a transport and with an executor that write down what they are asked for.
final class BrokerHostBench {
  enum Call: Equatable {
    case send(Topic, Message<Downlink>)
    case broadcast(ModelPatch, [ModelChunk], clients: [Int])
    case missed(ModelPatch, [ModelChunk], client: Int)
    case repair(ModelPatch, [ModelChunk], client: Int)
    case plan([PlanPiece], client: Int)
    case prepare(round: Int)
    case store([UInt8], Submission, client: Int, attempt: Int, round: Int)
    case lacksPlace(client: Int, offset: Int)
    case close(RoundResult)
    case prepareEvaluation(round: Int)
    case evaluated(EvaluationResult)
    case normalize(MeasuringResult)
    case count(String)
    case notice(BrokerNotice)
    case finished(complete: Bool)
  }

  struct Failed: Error {}

  let host: BrokerHost<UpdateBuffer<[UInt8]>>
  var now: Duration = .zero
  private(set) var calls: [Call] = []
  /// True if the transport fails from now on.
  var isBroken = false

  init(
    clients: Int, limits: ProtocolLimits = ProtocolLimits(), epoch: Int = 1,
    text: PlanBytes? = nil
  ) {
    var plan = BrokerBench.plan(clients: clients, epoch: epoch, limits: limits)
    plan.text = text
    host = BrokerHost(BrokerMachine(plan: plan))
  }

  /// A bench on which all clients have joined, and round 1 is open.
  static func open(clients: Int, limits: ProtocolLimits = ProtocolLimits()) throws
    -> BrokerHostBench
  {
    let bench = BrokerHostBench(clients: clients, limits: limits)
    for client in 0..<clients {
      try bench.handle(.subscribed(.client(client)))
      try bench.say(
        client,
        .join(Join(worker: UInt64(100 + client), plan: BrokerBench.digest, maximalStage: nil)),
        round: 0)
    }
    try bench.handle(
      .prepared(
        PreparedModel(
          phase: bench.host.machine.plan.schedule.phase(in: 1), segments: BrokerBench.segments,
          updateLimit: 1000)))
    return bench
  }

  /// What was asked for, and what an event adds to it.
  @discardableResult
  func handle(_ event: BrokerEvent, carrying chunk: [UInt8]? = nil) throws -> [Call] {
    let before = calls.count
    try host.handle(event, carrying: chunk, at: now, over: self, by: self)
    return Array(calls[before...])
  }

  @discardableResult
  func say(
    _ client: Int, _ body: Uplink, round: Int = 1, attempt: Int = 0, carrying chunk: [UInt8]? = nil
  ) throws -> [Call] {
    let header = Header(
      run: BrokerBench.run, epoch: round == 0 ? 0 : 1, round: round, stage: 1, client: client,
      attempt: attempt)
    return try handle(.message(Message(header, body)), carrying: chunk)
  }
}

extension BrokerHostBench: BrokerTransport, BrokerExecutor {
  typealias Upload = UpdateBuffer<[UInt8]>
  typealias Failure = Failed

  func send(_ message: Message<Downlink>, under topic: Topic) throws(Failed) {
    if isBroken { throw Failed() }
    calls.append(.send(topic, message))
  }

  func broadcast(_ chunks: ModelChunks, to clients: [Int]) {
    calls.append(.broadcast(chunks.step, Array(chunks), clients: clients))
  }

  func missed(_ chunks: ModelChunks, by client: Int) {
    calls.append(.missed(chunks.step, Array(chunks), client: client))
  }

  func repair(_ chunks: ModelChunks, for client: Int) {
    calls.append(.repair(chunks.step, Array(chunks), client: client))
  }

  func send(_ chunks: PlanChunks, to client: Int) {
    calls.append(.plan(Array(chunks), client: client))
  }

  func prepare(round: Int) { calls.append(.prepare(round: round)) }

  func store(
    _ upload: Upload, _ submission: Submission, of client: Int, attempt: Int, in round: Int
  ) {
    calls.append(
      .store(upload.bytes, submission, client: client, attempt: attempt, round: round))
  }

  func lacksPlace(for client: Int, at offset: Int) {
    calls.append(.lacksPlace(client: client, offset: offset))
  }

  func close(_ result: RoundResult) { calls.append(.close(result)) }
  func prepareEvaluation(round: Int) { calls.append(.prepareEvaluation(round: round)) }
  func evaluated(_ result: EvaluationResult) { calls.append(.evaluated(result)) }
  func normalize(_ result: MeasuringResult) { calls.append(.normalize(result)) }
  func count(_ name: String) { calls.append(.count(name)) }
  func notice(_ notice: BrokerNotice) { calls.append(.notice(notice)) }
  func finished(complete: Bool) { calls.append(.finished(complete: complete)) }
}

/// A host of client 3 on a transport and with an executor that write down what they are asked for.
final class ClientHostBench {
  struct Update: ChunkedUpdate, Equatable {
    let length: Int
  }

  enum Call: Equatable {
    case send(Message<Uplink>)
    case chunks([UpdateChunk], Update)
    case subscribe(Topic)
    case unsubscribe(Topic)
    case welcomed(Welcome)
    case open(ModelPatch)
    case reached(Segment)
    case keep(Set<UInt64>)
    case train(ClientTask)
    case evaluate(ClientTask)
    case measure
    case normalize(FederatedNormalization)
    case settled(round: Int, accepted: Bool, Update?)
    case lacksUpdate(round: Int)
    case refused(round: Int, RefusalReason)
    case turnedDown(RefusalReason)
    case finished(ClientEnd)
  }

  let host: ClientHost<Update>
  /// The number of samples that a welcome makes known; nil for none.
  var samples: Int?
  var now: Duration = .zero
  private(set) var calls: [Call] = []

  init() { host = ClientHost(ClientBench().machine) }

  @discardableResult
  func handle(_ event: ClientEvent) -> [Call] {
    let before = calls.count
    host.handle(event, at: now, over: self, by: self)
    return Array(calls[before...])
  }

  @discardableResult
  func hear(_ body: Downlink, round: Int = 1, client: Int? = 3) -> [Call] {
    let header = Header(run: ClientBench.run, epoch: 1, round: round, stage: 1, client: client)
    return handle(.message(Message(header, body)))
  }

  @discardableResult
  func trained(_ length: Int, round: Int = 1) -> [Call] {
    let before = calls.count
    host.trained(
      BrokerBench.offer(length), Update(length: length), round: round, at: now, over: self, by: self
    )
    return Array(calls[before...])
  }

  /// A bench whose client has joined.
  static func member() -> ClientHostBench {
    let bench = ClientHostBench()
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    return bench
  }

  /// A bench whose client has all of the model and trains in round 1.
  static func training() -> ClientHostBench {
    let bench = member()
    bench.announce()
    for segment in ClientBench.segments {
      let step = segment.only
      bench.hear(
        .modelChunk(step: step.digest.prefix, offset: 0, length: step.length), client: nil)
    }
    return bench
  }

  @discardableResult
  func announce() -> [Call] {
    let announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 1000, learningRate: 0.1, selected: [3],
      segments: ClientBench.segments, updateCodec: .dense32, base: nil)
    return hear(.announce(announce), client: nil)
  }
}

extension ClientHostBench: ClientTransport, ClientExecutor {
  typealias Failure = Never

  func send(_ message: Message<Uplink>, from client: Int) { calls.append(.send(message)) }

  func send(_ chunks: UpdateChunks, of update: Update, from client: Int) {
    calls.append(.chunks(Array(chunks), update))
  }

  func subscribe(_ client: Int, to topic: Topic) { calls.append(.subscribe(topic)) }
  func unsubscribe(_ client: Int, from topic: Topic) { calls.append(.unsubscribe(topic)) }

  func welcomed(_ client: Int, by welcome: Welcome) -> Int? {
    calls.append(.welcomed(welcome))
    return samples
  }

  func open(_ step: ModelPatch, for client: Int) { calls.append(.open(step)) }
  func reached(_ segment: Segment, by client: Int) { calls.append(.reached(segment)) }
  func keep(_ states: Set<UInt64>, of client: Int) { calls.append(.keep(states)) }
  func train(_ task: ClientTask, client: Int) { calls.append(.train(task)) }
  func evaluate(_ task: ClientTask, client: Int) { calls.append(.evaluate(task)) }
  func measure(_ client: Int) { calls.append(.measure) }

  func normalize(_ client: Int, by normalization: FederatedNormalization) {
    calls.append(.normalize(normalization))
  }

  func settled(_ client: Int, round: Int, accepted: Bool, update: Update?) {
    calls.append(.settled(round: round, accepted: accepted, update))
  }

  func lacksUpdate(of client: Int, round: Int) { calls.append(.lacksUpdate(round: round)) }

  func refused(_ client: Int, round: Int, _ reason: RefusalReason, detail: String) {
    calls.append(.refused(round: round, reason))
  }

  func turnedDown(_ client: Int, _ reason: RefusalReason, detail: String) {
    calls.append(.turnedDown(reason))
  }

  func finished(_ client: Int, _ end: ClientEnd) { calls.append(.finished(end)) }
}
