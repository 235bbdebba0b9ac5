import Bytes
import Codecs
import Federation
import Measures
import Progressive
import Simulation
import Wire

/// The broker of a scenario: the real machine, whose process dies and whose disk fills up.
final class FaultBroker {
  let world: FaultWorld
  let clients: FaultClients
  /// The process; nil while the broker is down.
  var process: BrokerProcess?
  /// The broker's clock minus virtual time.
  private var offset: Duration = .zero
  /// The number of processes so far.
  private var lives = 0
  /// The number of rounds that began and ended after all traces of faults were gone.
  var calmRounds = 0

  /// A broker that hasn't started.
  init(_ world: FaultWorld, clients: FaultClients) {
    self.world = world
    self.clients = clients
  }

  /// The time by the broker's own clock.
  var localTime: Duration { world.now + offset }

  private var scenario: FaultScenario { world.scenario }
  private var mutation: Mutation? { world.mutation }

  // MARK: The process

  /// Starts a broker from what is on the disk.
  func start() {
    lives += 1
    let epoch = mutation == .keepsItsEpoch ? 1 : lives
    var limits = scenario.limits
    if mutation == .overcommits { limits.bytesInFlight *= 2 }
    if mutation == .keepsIdleGrants { limits.lease = .seconds(1_000_000) }
    var rules = scenario.rules
    if mutation == .acceptsAnyStaleness { rules.stragglers = rules.stragglers.unlimited }
    if mutation == .waitsForSurplus {
      rules.clientsPerRound = rules.clientsAsked
      rules.overSelection = 1
    }
    var plan = BrokerPlan(
      run: 1 + scenario.seed, epoch: epoch, seed: scenario.seed, digest: world.digests.plan,
      clients: scenario.clients, schedule: scenario.schedule, learningRate: 0.1,
      learningRateSchedule: .constant, updateCodec: .dense32, rules: rules,
      limits: limits)
    plan.evaluation = scenario.evaluation
    plan.dealtHoldOuts = (0..<scenario.clients).map { 1 + $0 }
    let disk = world.disk
    let stored = mutation == .forgetsStoredUpdates ? [:] : disk.spool
    let machine = BrokerMachine(
      plan: plan, round: disk.round, at: localTime, stored: stored, history: disk.history)
    process = BrokerProcess(
      machine, epoch: epoch, life: lives, restored: Set(disk.spool.keys))
    world.brokerLife = lives
    world.note(
      "broker starts, epoch \(epoch), before round \(disk.round), \(stored.count) stored")
    for client in 0..<scenario.clients { world.network.reconnect(client) }
    setAlarm()
  }

  /// The process dies, and all connections with it.
  func crash() {
    guard process != nil else { return }
    process = nil
    world.brokerLife = nil
    world.network.loseBroker()
  }

  /// The broker's clock jumps.
  func jump(by jump: Duration) {
    offset += jump
    setAlarm()
  }

  // MARK: Events

  /// Hands an event to the machine, with the chunk that it brings, and checks what must hold.
  func handle(_ event: BrokerEvent, carrying chunk: Message<Uplink>? = nil) {
    guard let host = process?.host else { return }
    if case .message(let message, _) = event, world.isTraced {
      if case .updateChunk = message.body {
      } else {
        world.note("broker hears \(message.summary)")
      }
    }
    host.handle(mutate(event), carrying: chunk, at: localTime, over: self, by: self)
    check()
    setAlarm()
    // Watched for long enough.
    if scenario.isLong, calmRounds == 3, world.isCalm {
      calmRounds += 1
      handle(.stop)
    }
  }

  /// The event as the machine hears it, given what is broken on purpose.
  private func mutate(_ event: BrokerEvent) -> BrokerEvent {
    if mutation == .trustsListeners, case .disconnected = event { return .tick }
    if mutation == .forgetsWhoLeaves, case .message(var message, _) = event,
      case .leave = message.body, let client = message.header.client,
      let worker = clients.worker(of: client)
    {
      message.body = .leave(worker: worker)
      return .message(message)
    }
    guard mutation == .forgetsMissingRanges, case .message(var message, _) = event,
      case .updateChunk = message.body, let client = message.header.client,
      let upload = process?.host.uploads[client]
    else { return event }
    message.body = .updateChunk(offset: 0, length: upload.length)
    return .message(message)
  }

  /// A client's message has arrived, if the broker that it was sent to is still there.
  func hear(_ message: Message<Uplink>, on connection: Connection) {
    guard isLedTo(by: connection), world.network.bringsUp(on: connection) else { return }
    handle(.message(message), carrying: message)
    if let event = process?.speech.heard(on: connection) { handle(event) }
  }

  /// A notice has arrived that a worker listens to a topic, or no longer does.
  func hear(_ topic: Topic, isSubscription: Bool, on connection: Connection) {
    guard isLedTo(by: connection),
      world.network.noticed(topic, isSubscription: isSubscription, on: connection)
    else { return }
    if mutation == .forgetsSecondSockets, isSubscription,
      world.network.listeners(to: topic) > 1
    {
      return
    }
    handle(isSubscription ? .subscribed(topic) : .unsubscribed(topic))
  }

  /// The broker notices that a connection is gone.
  func lose(_ connection: Connection) {
    guard isLedTo(by: connection) else { return }
    for topic in world.network.lost(connection) { handle(.unsubscribed(topic)) }
    if let event = process?.speech.lose(connection, at: world.now) { handle(event) }
  }

  /// True if a connection leads to the process that is up.
  private func isLedTo(by connection: Connection) -> Bool { process?.life == connection.life }

  // MARK: Waking

  /// Queues the broker's next tick, if none is queued that comes early enough.
  func setAlarm() {
    guard let wake = process?.host.wakeTime else { return }
    queueTick(at: world.network.events.moment(of: wake - offset))
  }

  private func queueTick(at time: Duration) {
    guard let life = process?.life, process?.alarm.set(for: time) == true else { return }
    world.network.schedule(.brokerTick(life: life), at: time)
  }

  /// The broker's tick has come; it may be needless by now.
  func wake(life: Int) {
    guard process?.life == life, process?.alarm.goesOff(at: world.now) == true else { return }
    guard let host = process?.host, let wake = host.wakeTime, wake <= localTime else {
      return setAlarm()
    }
    if mutation == .hasNoTimer && host.machine.openRound != nil
      || mutation == .waitsForScores && host.machine.openEvaluation != nil
    {
      queueTick(at: world.now + .seconds(1))
      return check()
    }
    handle(.tick)
  }

  // MARK: Models and updates

  /// Has the model of the next round made, once the last one is committed.
  private func prepareNext() {
    guard let process, let round = process.preparing, process.closing == nil else { return }
    self.process?.preparing = nil
    world.network.schedule(
      .prepared(round: round, life: process.life), at: world.now + world.network.pause(10...300))
  }

  /// The model of a round is ready.
  func prepared(_ round: Int, life: Int) {
    guard process?.life == life else { return }
    world.note("the model of round \(round) is ready")
    handle(
      .prepared(
        PreparedModel(
          phase: scenario.schedule.phase(in: round),
          segments: world.made.segments(round: round), updateLimit: scenario.updateLimit,
          shallowHeads: world.made.shallowHeads(round: round))))
  }

  /// An update has reached the disk; the broker will learn of it, unless it crashes before.
  func durable(_ client: Int, _ round: Int, _ submission: Submission, life: Int) {
    // A killed broker's write may still have been done, but not one that comes later.
    guard let process, process.life == life else { return }
    let isClosing = process.closing != nil
    if round == world.disk.round + 1, isClosing {
      // What counts in the next round is stored after the last one's end.
      return world.network.schedule(
        .durable(client: client, round: round, submission, life: life),
        at: world.now + .milliseconds(20))
    }
    if round == world.disk.round, !isClosing {
      if let known = world.disk.spool[client], known != submission {
        world.violate(
          .exactlyOnce, "two updates of client \(client) are stored for round \(round)")
      }
      world.disk.spool[client] = submission
      world.note("the update of client \(client) for round \(round) is durable")
    }
    world.network.schedule(
      .stored(client: client, round: round, .accepted, life: life),
      at: world.now + world.network.pause(0...20))
  }

  /// The broker learns the result of storing an update.
  func stored(_ client: Int, _ round: Int, _ result: StoreResult, life: Int) {
    guard process?.life == life else { return }
    if process?.storing[client]?.round == round { process?.storing[client] = nil }
    handle(.stored(round: round, client: client, result))
  }

  /// The aggregated model has reached the disk.
  func commit(life: Int) {
    guard let process, process.life == life, let result = process.closing else { return }
    guard world.fullDisks == 0 else {
      return world.network.schedule(
        .committed(life: life), at: world.now + .milliseconds(200))
    }
    world.disk.commit(result, history: process.history)
    let isSound = !scenario.discards(result.round)
    world.note("round \(result.round) is committed\(isSound ? "" : ", and its model discarded")")
    self.process?.closing = nil
    prepareNext()
  }
}

extension FaultBroker: BrokerExecutor {
  typealias Failure = Never

  func prepare(round: Int) {
    process?.preparing = round
    prepareNext()
  }

  func store(
    _ upload: ArrivingUpdate, _ submission: Submission, of client: Int, attempt: Int, in round: Int
  ) {
    guard let process else { return }
    self.process?.storing[client] = (round, upload.length)
    guard upload.isWhole(ofAttempt: attempt, length: submission.offer.length) else {
      return world.violate(
        .whole, "the update of client \(client) has holes or bytes of another")
    }
    var submission = submission
    if mutation == .mistakesStages { submission.stage = 3 - submission.stage }
    checkBase(of: submission)
    let time = world.now + world.network.pause(1...200)
    let life = process.life
    if world.fullDisks > 0 {
      let result = StoreResult.refused(.overloaded, detail: "disk full")
      return world.network.schedule(
        .stored(client: client, round: round, result, life: life), at: time)
    }
    world.network.schedule(
      .durable(client: client, round: round, submission, life: life), at: time)
    if mutation == .acknowledgesBeforeStoring {
      handle(.stored(round: round, client: client, .accepted))
    }
  }

  /// A round is over: it is aggregated and committed in a while.
  func close(_ result: RoundResult) {
    guard let process else { return }
    world.note("round \(result.round) ends: \(result.outcomes.map(\.outcome.summary))")
    var result = result
    if mutation == .countsDuplicates, result.duplicates > 0, let first = result.accepted.first {
      result.outcomes.append((first.client, .accepted(first.submission)))
    }
    if mutation == .countsLateTwice, let first = process.late.first {
      result.outcomes.append((first.client, .accepted(first.submission)))
    }
    check(result)
    self.process?.late = result.accepted.filter { $0.submission.round < result.round }
    self.process?.history = process.host.machine.history
    self.process?.acknowledged = []
    self.process?.restored = []
    // The machine takes room for granted again that updates take while they are stored.
    self.process?.storing = [:]
    self.process?.deadline = nil
    let time = world.now + world.network.pause(10...300)
    // What a round came to is kept once clients have evaluated it.
    if isEvaluated(result.round) {
      self.process?.closing = result
      return
    }
    let isLate = mutation == .commitsLate
    self.process?.closing = isLate ? nil : result
    world.network.schedule(
      .committed(life: process.life), at: isLate ? time + .milliseconds(500) : time)
  }

  func count(_ name: String) { world.note("broker counts: \(name)") }

  func lacksPlace(for client: Int, at offset: Int) {
    world.violate(.whole, "a chunk of client \(client) has no place")
  }

  func notice(_ notice: BrokerNotice) {
    guard case .opened(let round, let stage, let selected) = notice else {
      return world.note("broker: \(notice)")
    }
    world.note("round \(round) begins at stage \(stage) with \(selected) clients")
    process?.deadline = localTime + scenario.rules.deadline
    process?.isCalm = world.isCalm
    checkOpening(of: round, stage: stage, selected: selected)
  }

  func finished(complete: Bool) {
    world.note("broker ends, \(complete ? "complete" : "interrupted")")
    world.finished = (world.now, complete)
  }
}

extension FaultBroker: BrokerTransport {
  func send(_ message: Message<Downlink>, under topic: Topic) {
    if case .acknowledge(let acknowledgement) = message.body,
      let client = message.header.client
    {
      check(acknowledgement, of: message.header.round, to: client)
    }
    if mutation == .announcesOnce, case .announce = message.body {
      guard process?.announced != message.header.round else { return }
      process?.announced = message.header.round
    }
    world.note("broker says \(message.summary) under \(topic.text)")
    world.network.publish(message, under: topic, onBulk: false)
  }

  func broadcast(_ chunks: ModelChunks, to clients: [Int]) {
    world.note("broker broadcasts \(chunks.step.digest.short) for \(clients)")
    publish(chunks, under: .step(chunks.step.digest))
  }

  func missed(_ chunks: ModelChunks, by client: Int) {}  // nothing is booked

  func repair(_ chunks: ModelChunks, for client: Int) {
    world.note(
      "broker repairs \(chunks.map(\.range)) of \(chunks.step.digest.short) for client \(client)")
    publish(chunks, under: .client(client))
  }

  func send(_ chunks: PlanChunks, to client: Int) {
    for piece in chunks {
      world.network.publish(piece.message, under: .client(client), onBulk: false)
    }
  }

  private func publish(_ chunks: ModelChunks, under topic: Topic) {
    for chunk in chunks { world.network.publish(chunk.message, under: topic, onBulk: true) }
  }
}

extension StragglerPolicy {
  /// The policy with late updates counting however late they are.
  fileprivate var unlimited: StragglerPolicy {
    switch self {
    case .discard: .discard
    case .nextRound: .nextRound(maximalStaleness: 1000)
    case .buffered(let size, _): .buffered(size: size, maximalStaleness: 1000)
    }
  }
}
