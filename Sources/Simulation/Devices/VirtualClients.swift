import Bytes
import Federation
import Ledger
import Links
import LocalTraining
import Measures
import Models
import Server
import Topology
import Wire

/// The clients of simulated time: machines whose messages go over the simulated network, and
/// devices that take their time.
final class VirtualClients {
  let world: VirtualWorld
  var clients: [VirtualClient]
  /// The operations of one sample, by what is trained.
  private var trainingFLOPs: [TrainingCost: Int] = [:]

  /// The time that a connection survives without an answer: a shorter absence only stalls it.
  private static let patience = Duration.seconds(20)

  /// The parameters on which the operations of a training depend.
  private struct TrainingCost: Hashable {
    var stage: Int
    var trained: Set<Int>
  }

  /// The clients of a fleet, none of which has joined yet.
  init(_ fleet: VirtualFleet, in world: VirtualWorld) {
    self.world = world
    let stages = world.topology.stageLimits
    clients = fleet.members.map { member in
      let machine = ClientMachine(
        identity: ClientIdentity(
          client: member.client, worker: UInt64(member.client) + 1, plan: world.plan.digest,
          maximalStage: stages[member.client],
          measuredChannels: world.plan.measuring?.channels,
          remembers: world.plan.clientsRemember),
        limits: world.plan.limits, jitter: world.run.stream("jitter", member.client, 0))
      return VirtualClient(
        machine, device: Device(member.device, client: member.client, run: world.run))
    }
    for client in clients.indices { dealSamples(to: client) }
  }

  // MARK: The state of a client

  /// The number of clients.
  var count: Int { clients.count }

  /// True once a client's part of the run is over.
  func hasEnded(_ client: Int) -> Bool { clients[client].hasEnded }

  /// True if a client was welcomed by this incarnation of the broker.
  func hasJoined(_ client: Int) -> Bool {
    clients[client].host.machine.membership?.epoch == world.plan.epoch
  }

  /// True while a client has a task.
  func isBusy(_ client: Int) -> Bool { clients[client].host.machine.task != nil }

  /// The times at which a client did the steps of the current round.
  func progress(of client: Int) -> RoundProgress { clients[client].device.progress }

  /// The deepest stage that a client's memory and samples allow; nil where that isn't limited.
  func stageLimit(of client: Int) -> Int? {
    world.backend.samples(of: client) == 0 ? 0 : clients[client].host.machine.identity.maximalStage
  }

  /// True if a client's device is there, or will be.
  func mayBeAvailable(_ client: Int) -> Bool {
    let device = clients[client].device.model
    return device.isAvailable(at: world.now) || device.nextChange(after: world.now) != nil
  }

  /// True if the faults that keep a client away, if any do, end.
  func mayReturn(_ client: Int, cuts: FaultScript.End, kills: FaultScript.End) -> Bool {
    let presence = clients[client].presence
    if presence.willReturn { return true }
    return (!presence.reasons.contains(.cut) || cuts.includes(client))
      && (!presence.reasons.contains(.killed) || kills.includes(client))
  }

  /// The activity of a client whose update didn't come in time, in words of the ledger.
  func activity(of client: Int) -> String {
    let reasons = clients[client].presence.reasons
    if reasons.contains(.droppedOut) { return "dropped out" }
    if reasons.contains(.killed) { return "killed" }
    if reasons.contains(.cut) { return "cut off" }
    if reasons.contains(.away) { return "away" }
    switch clients[client].host.machine.state {
    case .fetching: return "downloading"
    case .training: return "training"
    case .offering: return "uploading"
    case .evaluating, .reporting: return "evaluating"
    case .idle, .ended: return "not reached"
    }
  }

  // MARK: Events

  /// Hands an event to a client's machine, and sets its timer.
  func handle(_ event: ClientEvent, for client: Int) {
    clients[client].host.handle(event, at: world.now, over: self, by: self)
    settle(client)
  }

  /// A message of the broker has reached a client.
  func receive(_ message: Wire.Message<Downlink>, by client: Int) {
    guard !clients[client].hasEnded else { return }
    handle(.message(message), for: client)
  }

  /// A client's tick of this number has come.
  func wake(_ client: Int, by number: UInt64) {
    guard clients[client].tick.fires(number) else { return }
    handle(.tick, for: client)
  }

  /// Takes note of the changes by an event: the clients to address, and the client's next tick.
  private func settle(_ client: Int) {
    world.audience.note(client, isActive: isBusy(client), hasJoined: hasJoined(client))
    setTimer(of: client)
  }

  /// Sets a client's timer; while it isn't connected, time stands still for it.
  private func setTimer(of client: Int) {
    var moment: Duration?
    if world.network.connections.isOpen(client), let wake = clients[client].host.wakeTime {
      moment = world.network.events.moment(of: wake)
    }
    if let number = clients[client].tick.set(for: moment), let moment {
      world.network.events.insert(.clientWake(client, number), at: moment)
    }
  }

  private func dealSamples(to client: Int) {
    let holding = world.backend.holding(of: client)
    clients[client].host.handle(.has(holding), at: world.now, over: self, by: self)
  }

  // MARK: Connections

  /// A client's first moment: it connects, or waits until its device is there.
  func enter(_ client: Int) {
    let device = clients[client].device.model
    if let change = device.nextChange(after: world.now) {
      world.network.events.insert(.availability(client), at: change)
    }
    if device.isAvailable(at: world.now) {
      connect(client)
    } else {
      clients[client].presence.begin(.away, isTimed: false)
      world.network.keepOff(client)
    }
  }

  /// True if a client has a reason to connect, and a broker to connect to.
  private func mayConnect(_ client: Int) -> Bool {
    clients[client].presence.isHere && !clients[client].hasEnded && world.isBrokerUp
  }

  private func connect(_ client: Int) {
    guard mayConnect(client) else { return }
    world.network.connect(client, life: world.plan.epoch)
  }

  /// The handshakes of a connection are done.
  func connected(_ connection: Connection) {
    let client = connection.client
    guard mayConnect(client), world.network.establish(connection) else { return }
    if let wake = clients[client].host.wakeTime, wake <= world.now { handle(.tick, for: client) }
    setTimer(of: client)
  }

  /// Ends a client's connection; the broker learns of it as the kind of end lets it.
  func disconnect(_ client: Int, _ how: Disconnect) {
    if world.network.disconnect(client, how) { setTimer(of: client) }
  }

  /// Cuts a client off, which may connect anew at once where the kind of cut allows it.
  func cut(_ client: Int, _ how: Disconnect) {
    guard !clients[client].hasEnded else { return }
    if isBusy(client) { world.network.books.count("drop-out: cut off") }
    disconnect(client, how)
    begin(.cut, of: client)
    // The address is known anew at once: only the old connection is lost.
    if how.allowsReconnect { end(.cut, of: client) }
  }

  /// The broker's process is gone: its connections end, and it forgets its subscriptions.
  func loseBroker() {
    for client in clients.indices {
      disconnect(client, .reset)
      world.network.restore(client)
    }
    world.network.forgetSubscriptions()
  }

  /// The broker's process is back: clients try again and again, each in its own time.
  func findBroker() {
    for client in clients.indices where !clients[client].hasEnded {
      var chance = world.run.stream("reconnection", client, world.plan.epoch)
      let wait = Duration.nanoseconds(Int64(chance.uniform() * 1e9))
      begin(.cut, of: client, until: world.now + wait)
    }
  }

  // MARK: Coming and going

  /// A client is away for a reason, until a time or until somebody says otherwise.
  private func begin(_ reason: OfflineReason, of client: Int, until time: Duration? = nil) {
    clients[client].presence.begin(reason, isTimed: time != nil)
    if let time { world.network.events.insert(.returns(client, reason), at: time) }
  }

  /// A reason for being away is over: the client connects anew once no other is left.
  func end(_ reason: OfflineReason, of client: Int) {
    guard clients[client].presence.end(reason) else { return }
    world.network.restore(client)
    if let work = clients[client].device.resume(at: world.now) {
      world.network.events.insert(.trained(client, work: work.number), at: work.end)
    }
    resumeMeasuring(of: client)
    connect(client)
  }

  /// The time has come at which a reason for being away is over.
  func returned(_ client: Int, from reason: OfflineReason) {
    clients[client].presence.returnIsDue()
    end(reason, of: client)
    if !clients[client].presence.isHere { world.isFleetToBeCounted = true }
  }

  /// A device comes or goes: what is short stalls the connection, what is long ends it.
  func changeAvailability(of client: Int) {
    let device = clients[client].device.model
    let change = device.nextChange(after: world.now)
    if let change { world.network.events.insert(.availability(client), at: change) }
    if device.isAvailable(at: world.now) { return end(.away, of: client) }
    if change == nil { world.isFleetToBeCounted = true }
    if let change, change - world.now < Self.patience {
      return world.network.stall(client, until: change)
    }
    if isBusy(client) { world.network.books.count("drop-out: went away") }
    disconnect(client, .reset)
    clients[client].device.pause(at: world.now)
    begin(.away, of: client)
  }

  /// A fault kills a client's process.
  func fail(_ client: Int) {
    guard !clients[client].hasEnded else { return }
    if isBusy(client) { world.network.books.count("drop-out: killed") }
    kill(client)
    begin(.killed, of: client)
  }

  /// A device stops in the middle of a training and isn't seen again in this round.
  func dropOut(_ client: Int, work number: Int) {
    guard let work = clients[client].device.work, work.number == number else { return }
    clients[client].droppedOutIn = work.task.round
    world.network.books.count("drop-out: in training")
    kill(client)
    begin(.droppedOut, of: client, until: world.now + world.topology.rules.deadline)
  }

  /// A client's process dies: it will be another one, and knows only what it remembers on its disk.
  private func kill(_ client: Int) {
    disconnect(client, .reset)
    clients[client].device.cancel()
    clients[client].device.cancelMeasuring()
    world.network.startAnew(client)
    clients[client].restarts += 1
    var identity = clients[client].host.machine.identity
    identity.attempt = clients[client].restarts
    clients[client].host = ClientHost(
      ClientMachine(
        identity: identity, limits: world.plan.limits,
        jitter: world.run.stream("jitter", client, clients[client].restarts)))
    dealSamples(to: client)
    world.audience.forget(client)
  }

  // MARK: Training

  /// The moment at which a training ends, unless something came between.
  func finishWork(of client: Int, _ number: Int) {
    switch clients[client].device.finish(number, at: world.now) {
    case nil: return
    case .later(let end):
      // It was held up meanwhile.
      world.network.events.insert(.trained(client, work: number), at: end)
    case .done(let work):
      if let scores = work.scores { return report(scores.outcome(), of: client, in: work.task) }
      switch work.update?.outcome() {
      case nil: return
      case .trained(let offer, let update):
        keep(update, offer, of: client, work.task)
        clients[client].host.trained(
          offer, update, round: work.task.round, at: world.now, over: self, by: self)
        settle(client)
      case .failed(let reason, let detail):
        handle(.failed(round: work.task.round, reason, detail: detail), for: client)
      }
    }
  }

  /// The time of a pass over `samples`, with what is trained in it.
  func time(of task: ClientTask, over samples: Int, by client: Int) -> Duration {
    let architecture = world.topology.architecture
    let trained = Set(task.segments.indices.filter { task.segments[$0].trained })
    let key = TrainingCost(stage: task.stage, trained: trained)
    let flops =
      trainingFLOPs[key] ?? architecture.trainingFLOPs(stage: task.stage, trainable: trained)
    trainingFLOPs[key] = flops
    return clients[client].device.model.trainingTime(
      forSamples: samples,
      flopsPerSample: Double(flops),
      fullFlopsPerSample: Double(architecture.trainingFLOPs(stage: architecture.stages)))
  }
}

extension VirtualClients: ClientExecutor {
  typealias Failure = Never
  typealias Update = ClientUpdate

  /// The device begins to train; when it ends, and whether it drops out, is known at once.
  func train(_ task: ClientTask, client: Int) {
    let now = world.now
    let time = time(
      of: task, over: world.backend.samples(of: client) * world.topology.training.epochs,
      by: client)
    let work = clients[client].device.begin(task, taking: time, at: now)
    if clients[client].droppedOutIn != task.round,
      let share = clients[client].device.model.dropOut(inRound: task.round - 1)
    {
      world.network.events.insert(.dropOut(client, work: work.number), at: now + time * share)
      return
    }
    let isLikely = work.end <= world.roundOpened + world.topology.rules.deadline
    world.attempt {
      clients[client].device.run(
        try world.backend.begin(task, client: client, isLikely: isLikely))
    }
    world.network.events.insert(.trained(client, work: work.number), at: work.end)
  }

  func settled(_ client: Int, round: Int, accepted: Bool, update: ClientUpdate?) {
    clients[client].device.cancel()
  }

  /// A client's part of the run is over: its sockets are closed once what it said is through.
  func finished(_ client: Int, _ end: ClientEnd) {
    guard !clients[client].hasEnded else { return }
    clients[client].hasEnded = true
    disconnect(client, .clean)
  }

  // All clients of a simulation share the model's states, and know their samples from the
  // beginning.
  func welcomed(_ client: Int, by welcome: Welcome) -> Int? { nil }
  func open(_ step: ModelPatch, for client: Int) {}
  func reached(_ segment: Segment, by client: Int) {}
  func keep(_ states: Set<UInt64>, of client: Int) {}

  // The broker tells of refusals, and counts them.
  func refused(_ client: Int, round: Int, _ reason: RefusalReason, detail: String) {}
  func turnedDown(_ client: Int, _ reason: RefusalReason, detail: String) {}

  func lacksUpdate(of client: Int, round: Int) {
    world.network.books.count("update granted that isn't there")
  }
}
