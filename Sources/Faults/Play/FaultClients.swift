import Bytes
import Federation
import Measures
import Simulation
import Wire

/// The workers of a scenario, each with one client: the real machines, whose processes die and
/// whose trainings fail.
final class FaultClients {
  let world: FaultWorld
  private(set) var clients: [ClientProcess]
  /// The number of times that a worker died.
  private(set) var crashes = 0

  /// Workers none of which has started.
  init(_ world: FaultWorld) {
    self.world = world
    clients = Array(repeating: ClientProcess(), count: world.scenario.clients)
  }

  private var scenario: FaultScenario { world.scenario }
  private var mutation: Mutation? { world.mutation }

  /// The number of a client's worker; nil while it is down.
  func worker(of client: Int) -> UInt64? { clients[client].host?.machine.identity.worker }

  /// The incarnation of the broker that a client was welcomed by; nil while it is no member.
  func epoch(of client: Int) -> Int? { clients[client].host?.machine.membership?.epoch }

  /// The end of a client's part in the run; nil before.
  func end(of client: Int) -> ClientEnd? { clients[client].ended }

  // MARK: The process

  /// Starts a worker with nothing but its number.
  func start(_ client: Int) {
    let before = clients[client]
    var process = ClientProcess()
    process.life = before.life + 1
    process.training = before.training + 1
    process.offset = .zero - world.now  // its clock begins with it
    let machine = ClientMachine(
      identity: ClientIdentity(
        client: client, worker: world.network.chance.next(), plan: world.digests.plan,
        maximalStage: client == scenario.shallow && mutation != .ignoresCaps ? 1 : nil,
        attempt: before.life, measuredChannels: scenario.measuring?.channels,
        remembers: scenario.remembers),
      limits: scenario.limits, jitter: RandomStream(key: world.network.chance.next()))
    process.host = ClientHost(machine)
    clients[client] = process
    world.note("worker of client \(client) starts, attempt \(before.life)")
    guard takeUpMemory(of: client) else { return }
    world.network.startAnew(client)
    world.network.reconnect(client)
    setAlarm(of: client)
  }

  /// A worker dies.
  func crash(_ client: Int) {
    crashes += 1
    clients[client].life += 1
    clients[client].host = nil
    world.memories?.stop(client)
    world.network.disconnect(client)
  }

  /// A worker leaves; its last words go out before its connection ends.
  func leave(_ client: Int) {
    handle(.stop, for: client)
    crash(client)
  }

  /// A worker's clock jumps.
  func jump(_ client: Int, by jump: Duration) {
    clients[client].offset += jump
    setAlarm(of: client)
  }

  /// Connects a worker, if both sides are there and nothing is between them.
  func connect(_ client: Int) {
    guard clients[client].host != nil, let life = world.brokerLife,
      let connection = world.network.connect(client, life: life)
    else { return }
    world.note("client \(client) connects")
    world.network.open(connection)
  }

  // MARK: Events

  /// The time by a client's own clock.
  private func localTime(of client: Int) -> Duration { world.now + clients[client].offset }

  /// Hands an event to a client's machine, and checks what must hold.
  func handle(_ event: ClientEvent, for client: Int) {
    guard let host = clients[client].host else { return }
    let local = localTime(of: client)
    host.handle(event, at: local, over: self, by: self)
    check(client, after: event, at: local)
    setAlarm(of: client)
  }

  /// The time at which a client's machine wants its next tick, by its own clock.
  func alarm(of client: Int) -> Duration? {
    guard let host = clients[client].host else { return nil }
    if mutation == .sleepsWhileOffering, case .offering = host.machine.state { return nil }
    return host.wakeTime
  }

  /// Queues a client's next tick, if none is queued that comes early enough.
  private func setAlarm(of client: Int) {
    guard let wake = alarm(of: client) else { return }
    let time = world.network.events.moment(of: wake - clients[client].offset)
    guard clients[client].alarm.set(for: time) else { return }
    world.network.schedule(.clientTick(client, life: clients[client].life), at: time)
  }

  /// A client's tick has come; it may be needless by now.
  func wake(_ client: Int, life: Int) {
    guard clients[client].life == life, clients[client].alarm.goesOff(at: world.now) else {
      return
    }
    if let wake = alarm(of: client), wake <= localTime(of: client) {
      handle(.tick, for: client)
    }
    setAlarm(of: client)
  }

  /// A message has come for a worker that is still connected; chunks go through its store first.
  func hear(_ message: Message<Downlink>, on connection: Connection) {
    guard world.network.connections.isOpen(connection) else { return }
    let client = connection.client
    guard case .modelChunk(let step, let offset, let length) = message.body else {
      world.note("client \(client) hears \(message.summary)")
      return handle(.message(message), for: client)
    }
    guard var assembly = clients[client].assemblies[step] else { return }
    var event = ClientEvent.message(message)
    let wasComplete = assembly.missing.isEmpty
    assembly.missing.remove(contentsOf: offset..<offset + length)
    if !wasComplete, assembly.missing.isEmpty, world.network.damagesStep(of: client) {
      world.note("a step of client \(client) turns out damaged")
      assembly.missing = RangeSet(0..<assembly.step.length)
      event = .damaged(assembly.step.digest)
    }
    clients[client].assemblies[step] = assembly
    if mutation == .trainsOnHoles {
      let whole = Downlink.modelChunk(step: step, offset: 0, length: assembly.step.length)
      event = .message(Message(message.header, whole))
    }
    handle(event, for: client)
  }

  /// Changes the state of a client's process in place.
  func change(_ client: Int, _ change: (inout ClientProcess) -> Void) { change(&clients[client]) }

  /// Makes the results of earlier trainings and evaluations void.
  func beginTraining(of client: Int) { clients[client].training += 1 }

  /// A client goes by a normalization from now on.
  func take(_ normalization: FederatedNormalization, of client: Int) {
    clients[client].normalization = normalization
  }

  /// A client's training is over.
  func trained(_ client: Int, _ training: Int, round: Int, _ offer: Offer?) {
    guard clients[client].training == training, let host = clients[client].host else { return }
    guard let offer else {
      return handle(.failed(round: round, .diverged, detail: "no usable step"), for: client)
    }
    guard keep(offer, of: client, training, round: round) else { return }
    let local = localTime(of: client)
    host.trained(
      offer, SimulatedUpdate(length: offer.length), round: round, at: local, over: self, by: self)
    check(client, after: .trained(round: round, offer), at: local)
    setAlarm(of: client)
  }
}

extension FaultClients: ClientExecutor {
  typealias Failure = Never
  typealias Update = SimulatedUpdate

  func welcomed(_ client: Int, by welcome: Welcome) -> Int? { nil }  // it always has samples

  func open(_ step: ModelPatch, for client: Int) { clients[client].open(step) }

  func reached(_ segment: Segment, by client: Int) {
    if !clients[client].reach(segment) {
      world.violate(.whole, "client \(client) goes on without all steps to \(segment.name)")
    }
  }

  func keep(_ states: Set<UInt64>, of client: Int) {
    clients[client].states.formIntersection(states)
    clients[client].tidy()
  }

  func train(_ task: ClientTask, client: Int) {
    for segment in task.segments where !clients[client].states.contains(segment.state.prefix) {
      return world.violate(.whole, "client \(client) trains without all of \(segment.name)")
    }
    if task.base != world.digests.base(round: task.round, stage: task.stage) {
      return world.violate(
        .sound, "client \(client) trains for round \(task.round) from a model that was discarded")
    }
    if client == scenario.shallow, task.stage > 1 {
      return world.violate(
        .fits, "client \(client) trains stage \(task.stage), beyond its memory")
    }
    checkNormalization(of: client)
    checkMemory(of: client, in: task)
    beginTraining(of: client)
    var time = world.network.pause(100...2500)
    for fault in world.network.active {
      if case .slowTraining(client, let extra) = fault.kind { time += extra }
    }
    let fails = !world.network.active.isEmpty && world.network.happens(0.05)
    let attempt = clients[client].host?.machine.identity.attempt ?? 0
    let offer =
      fails
      ? nil
      : world.digests.offer(
        client: client, round: task.round, attempt: attempt, base: task.base)
    world.note("client \(client) trains for round \(task.round)")
    world.network.schedule(
      .trained(client: client, training: clients[client].training, round: task.round, offer),
      at: world.now + time)
  }

  func settled(_ client: Int, round: Int, accepted: Bool, update: SimulatedUpdate?) {
    clients[client].training += 1
    if accepted { settle(client) }
    if accepted, !world.disk.isSafe(client, round: round) {
      world.violate(
        .durable, "client \(client) takes round \(round) for settled, but it isn't durable")
    }
    clients[client].tidy()
  }

  func lacksUpdate(of client: Int, round: Int) {
    world.violate(.kept, "client \(client) no longer has its update of round \(round)")
  }

  func refused(_ client: Int, round: Int, _ reason: RefusalReason, detail: String) {
    world.note(
      "client \(client) hears that its update of round \(round) is refused: \(reason.name)")
  }

  func turnedDown(_ client: Int, _ reason: RefusalReason, detail: String) {}

  func finished(_ client: Int, _ end: ClientEnd) {
    world.note("client \(client) ends: \(end)")
    clients[client].ended = end
    clients[client].host = nil
    if end == .complete { world.memories?.forget(client) }
    world.network.disconnect(client)
  }
}

extension FaultClients: ClientTransport {
  func send(_ message: Message<Uplink>, from client: Int) {
    world.note("client \(client) says \(message.summary)")
    world.network.send(message, from: client)
  }

  func send(_ chunks: UpdateChunks, of update: SimulatedUpdate, from client: Int) {
    guard !world.network.active.contains(where: { $0.kind == .hoarding(client: client) }) else {
      return world.note("client \(client) sends nothing of its update")
    }
    world.note("client \(client) sends \(chunks.map(\.range)) of its update")
    for chunk in chunks { world.network.send(chunk.message, from: client) }
    if mutation == .forgetsSentUpdates, let host = clients[client].host {
      // The same machine in a host that has no update.
      clients[client].host = ClientHost(host.machine)
    }
  }

  func subscribe(_ client: Int, to topic: Topic) { world.network.subscribe(client, to: topic) }

  func unsubscribe(_ client: Int, from topic: Topic) {
    world.network.unsubscribe(client, from: topic)
  }
}
