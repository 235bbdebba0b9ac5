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
  /// The incarnation that began last.
  private(set) var lastEpoch = 0
  /// The number of times that a process died.
  private(set) var crashes = 0
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
    var recovered: RecoveredStorage
    do { recovered = try world.storage.start() } catch { return fail(error) }
    if mutation == .keepsItsEpoch { recovered.epoch = max(1, lastEpoch) }
    world.check(recovered, after: lastEpoch)
    (lastEpoch, world.disk) = (recovered.epoch, recovered.disk)
    let epoch = recovered.epoch
    let plan = scenario.plan(epoch: epoch, digest: world.digests.plan)
    let disk = world.disk
    let stored = mutation == .forgetsStoredUpdates ? [:] : disk.spool
    let machine = BrokerMachine(
      plan: mutation?.broken(plan) ?? plan, round: disk.round, at: localTime, stored: stored,
      history: disk.history, normalization: world.recalledNormalization)
    process = BrokerProcess(
      machine, epoch: epoch, life: lives, restored: Set(disk.spool.keys))
    world.brokerLife = lives
    world.note(
      "broker starts, epoch \(epoch), before round \(disk.round), \(stored.count) stored")
    for client in 0..<scenario.clients { world.network.reconnect(client) }
    setAlarm()
  }

  /// The process dies, and all connections with it; what its disk hadn't written goes with the
  /// power.
  func crash(losesPower: Bool = false) {
    world.storage.stop(losesPower: losesPower)
    guard process != nil else { return }
    crashes += 1
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
    let heard = mutation?.broken(
      event, worker: clients.worker(of:), length: { host.uploads[$0]?.length })
    host.handle(heard ?? event, carrying: chunk, at: localTime, over: self, by: self)
    check()
    setAlarm()
    // Watched for long enough.
    if scenario.isLong, calmRounds == 3, world.isCalm {
      calmRounds += 1
      handle(.stop)
    }
  }

  /// A client's message has arrived, if the broker that it was sent to is still there.
  func hear(_ message: Message<Uplink>, on connection: Connection) {
    guard isLedTo(by: connection), world.network.bringsUp(on: connection) else { return }
    let event = process?.speech.heard(on: connection)
    handle(.message(message), carrying: message)
    if let event { handle(event) }
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
      || mutation == .waitsForSums && host.machine.measuring.deadline != nil
    {
      queueTick(at: world.now + .seconds(1))
      return check()
    }
    handle(.tick)
  }

  // MARK: Models and updates

  /// Has the model of the next round made, once the last one is committed.
  func prepareNext() {
    guard let process, let round = process.preparing, process.closing == nil else { return }
    self.process?.preparing = nil
    world.network.schedule(
      .prepared(round: round, life: process.life), at: world.now + world.network.pause(10...300))
  }

  /// The model of a round is ready.
  func prepared(_ round: Int, life: Int) {
    guard process?.life == life else { return }
    do { try world.storage.open(round: round) } catch { return fail(error) }
    world.note("the model of round \(round) is ready")
    handle(.prepared(world.made.prepared(round: round)))
  }

  /// The broker learns the result of storing an update.
  func stored(_ client: Int, _ round: Int, _ result: StoreResult, life: Int) {
    guard process?.life == life else { return }
    if process?.storing[client]?.round == round { process?.storing[client] = nil }
    handle(.stored(round: round, client: client, result))
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
    if !world.digests.isTrained(as: submission) {
      world.violate(
        .covered,
        "an update of round \(submission.round) isn't what stage \(submission.stage) trains")
    }
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
    let result = mutation?.broken(result, late: process.late) ?? result
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
    if scenario.isEvaluated(result.round) {
      self.process?.closing = result
      return
    }
    let isLate = mutation == .commitsLate
    self.process?.closing = isLate ? nil : result
    world.network.schedule(
      .committed(life: process.life), at: isLate ? time + .milliseconds(500) : time)
  }

  func leap(to epoch: Int) {
    world.note("the broker goes on as incarnation \(epoch)")
    guard epoch > lastEpoch else { return }
    do { try world.storage.begin(epoch) } catch { return fail(error) }
    lastEpoch = epoch
  }

  func normalize(_ result: MeasuringResult) {
    if let made = world.add(result) { handle(.normalized(made)) }
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
