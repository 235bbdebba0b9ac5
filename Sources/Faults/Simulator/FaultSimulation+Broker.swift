import Codecs
import Bytes
import Federation
import Measures
import Progressive
import Wire

extension FaultSimulation {
  /// Starts a broker from what is on the disk.
  func startBroker() {
    brokerLives += 1
    let epoch = mutation == .keepsItsEpoch ? 1 : brokerLives
    var limits = scenario.limits
    if mutation == .overcommits { limits.bytesInFlight *= 2 }
    var rules = scenario.rules
    if mutation == .acceptsAnyStaleness { rules.stragglers = rules.stragglers.unlimited }
    if mutation == .waitsForSurplus {
      rules.clientsPerRound = rules.clientsAsked
      rules.overSelection = 1
    }
    let plan = BrokerPlan(
      run: 1 + scenario.seed, epoch: epoch, seed: scenario.seed, digest: digests.plan,
      clients: scenario.clients, schedule: scenario.schedule, learningRate: 0.1,
      learningRateSchedule: .constant, updateCodec: .dense32, rules: rules,
      limits: limits)
    let stored = mutation == .forgetsStoredUpdates ? [:] : disk.spool
    let machine = BrokerMachine(
      plan: plan, round: disk.round, at: now + brokerOffset, stored: stored,
      history: disk.history)
    broker = BrokerProcess(machine: machine, epoch: epoch, life: brokerLives)
    broker?.restored = Set(disk.spool.keys)
    note("broker starts, epoch \(epoch), before round \(disk.round), \(stored.count) stored")
    for client in clients.indices { reconnect(client) }
    setBrokerAlarm()
  }

  /// Hands an event to the broker's machine, checks it, and does what it answers.
  func tell(_ event: BrokerEvent) {
    guard broker != nil else { return }
    if case .message(let message, _) = event, trace != nil {
      if case .updateChunk = message.body {} else { note("broker hears \(message.summary)") }
    }
    let life = broker?.life
    let mutated = mutate(event)
    guard let actions = broker?.machine.handle(mutated, at: now + brokerOffset) else { return }
    for action in actions where broker?.life == life { perform(action) }
    checkBroker()
    setBrokerAlarm()
    // Watched for long enough.
    if scenario.isLong, calmRounds == 3, isCalm {
      calmRounds += 1
      tell(.stop)
    }
  }

  /// What the machine hears, given what is broken on purpose.
  private func mutate(_ event: BrokerEvent) -> BrokerEvent {
    if mutation == .forgetsWhoLeaves, case .message(var message, _) = event,
      case .leave = message.body, let client = message.header.client,
      let worker = clients[client].machine?.identity.worker
    {
      message.body = .leave(worker: worker)
      return .message(message)
    }
    guard mutation == .forgetsMissingRanges, case .message(var message, _) = event,
      case .updateChunk = message.body, let client = message.header.client,
      let upload = broker?.uploads[client]
    else { return event }
    message.body = .updateChunk(offset: 0, length: upload.length)
    return .message(message)
  }

  /// Queues the broker's next tick, if none is queued that comes early enough.
  func setBrokerAlarm() {
    guard let process = broker, let wake = process.machine.wakeTime else { return }
    let time = moment(of: wake - brokerOffset)
    if let tick = process.tick, now <= tick, tick <= time { return }
    broker?.tick = time
    schedule(.brokerTick(life: process.life), at: time)
  }

  /// The broker's tick has come; it may be needless by now.
  func brokerTick(_ life: Int) {
    guard let process = broker, process.life == life, process.tick == now else { return }
    broker?.tick = nil
    if let wake = process.machine.wakeTime, wake <= now + brokerOffset {
      if mutation == .hasNoTimer, process.machine.openRound != nil {
        broker?.tick = now + .seconds(1)
        schedule(.brokerTick(life: life), at: now + .seconds(1))
        return checkBroker()
      }
      tell(.tick)
    } else {
      setBrokerAlarm()
    }
  }

  private func perform(_ action: BrokerAction) {
    switch action {
    case .send(let topic, let message): sendDown(message, under: topic)
    case .prepare(let round):
      broker?.preparing = round
      prepareNext()
    case .broadcast(let round, let broadcasts):
      for broadcast in broadcasts {
        note("broker broadcasts \(broadcast.step.digest.short) for \(broadcast.clients)")
        sendChunks(
          of: broadcast.step, 0..<broadcast.step.length, header(round),
          under: .step(broadcast.step.digest))
      }
    case .repair(let round, let client, let step, let ranges):
      note("broker repairs \(ranges) of \(step.digest.short) for client \(client)")
      var header = header(round)
      header.client = client
      for range in ranges { sendChunks(of: step, range, header, under: .client(client)) }
    case .reserve(let client, let length): reserve(client, length)
    case .receive(let client, let offset): receive(client, offset)
    case .store(let round, let client, let attempt, let submission):
      store(round, client, attempt, submission)
    case .release(let client): broker?.uploads[client] = nil
    case .close(let result): close(result)
    case .count(let name): note("broker counts: \(name)")
    case .notice(.opened(let round, let stage, let selected)): opened(round, stage, selected)
    case .notice(let notice): note("broker: \(notice)")
    case .finished(let complete):
      note("broker ends, \(complete ? "complete" : "interrupted")")
      finished = (now, complete)
    }
  }

  private func sendDown(_ message: Message<Downlink>, under topic: Topic) {
    if case .acknowledge(let acknowledgement) = message.body,
      let client = message.header.client
    {
      checkAcknowledgement(acknowledgement, of: message.header.round, to: client)
    }
    if mutation == .announcesOnce, case .announce = message.body {
      guard broker?.announced != message.header.round else { return }
      broker?.announced = message.header.round
    }
    note("broker says \(message.summary) under \(topic.text)")
    publish(message, under: topic, onBulk: false)
  }

  private func header(_ round: Int) -> Header {
    Header(
      run: 1 + scenario.seed, epoch: broker?.epoch ?? 0, round: round,
      stage: scenario.schedule.phase(in: round).stage)
  }

  private func sendChunks(
    of step: ModelPatch, _ range: Range<Int>, _ header: Header, under topic: Topic
  ) {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: chunkBytes) {
      let chunk = Downlink.modelChunk(
        step: step.digest.prefix, offset: start,
        length: min(chunkBytes, range.upperBound - start))
      publish(Message(header, chunk), under: topic, onBulk: true)
    }
  }

  private func opened(_ round: Int, _ stage: Int, _ selected: Int) {
    note("round \(round) begins at stage \(stage) with \(selected) clients")
    if round != disk.round { violate(.inOrder, "round \(round) begins before \(disk.round)") }
    broker?.deadline = now + brokerOffset + scenario.rules.deadline
    broker?.isCalm = isCalm
    checkMembers()
    // A round that late updates ended at once has asked whom it could.
    guard isCalm, let machine = broker?.machine, machine.openRound == round else { return }
    let able = (0..<scenario.clients).count { scenario.depth(of: $0, at: stage) != nil }
    let expected = min(scenario.rules.clientsAsked, able)
    if selected + machine.carriedCount < expected {
      violate(.live, "\(selected) clients are selected, though \(expected) should be back")
    }
  }

  /// Has the model of the next round made, once the last one is committed.
  func prepareNext() {
    guard let process = broker, let round = process.preparing, process.closing == nil else {
      return
    }
    broker?.preparing = nil
    schedule(.prepared(round: round, life: process.life), at: now + pause(10...300))
  }

  /// The model of a round is ready.
  func prepared(_ round: Int, _ life: Int) {
    guard broker?.life == life else { return }
    let segments = digests.segments(round: round)
    broker?.segments = segments
    note("the model of round \(round) is ready")
    tell(
      .prepared(
        PreparedModel(
          phase: scenario.schedule.phase(in: round), segments: segments,
          updateLimit: scenario.updateLimit,
          shallowHeads: digests.shallowHeads(round: round))))
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
