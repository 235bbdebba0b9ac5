import Federation
import Ledger
import Links
import Measures
import Server
import Topology

/// Broker, clients and links in one thread and in simulated time: a discrete-event simulation.
///
/// The machines are those of real runs, and so are the messages' sizes; what carries them is a
/// model. All that happens at one moment happens in the order in which it was caused, so that a run
/// is a function of the topology and the seed. Only trainings run beside this thread, and each is
/// waited for at the moment of simulated time at which it ends.
final class VirtualLoop {
  private let world: VirtualWorld
  private let broker: VirtualBroker
  private let clients: VirtualClients
  private let isToStop: () -> Bool
  private var wasStopped = false

  /// A fleet in which no client has joined yet.
  init(
    topology: Topology, plan: BrokerPlan, backend: any LearningBackend, observer: any RunObserver,
    isToStop: @escaping () -> Bool
  ) {
    let run = RandomStream(seed: plan.seed).stream("virtual")
    let fleet = VirtualFleet(topology.fleet, clients: topology.clients, run: run)
    world = VirtualWorld(topology: topology, plan: plan, backend: backend, fleet: fleet, run: run)
    clients = VirtualClients(fleet, in: world)
    broker = VirtualBroker(world, clients: clients, observer: observer)
    self.isToStop = isToStop
  }

  /// The simulated time since the run's beginning.
  var now: Duration { world.now }
  /// The run was given up, as too few clients were there.
  var isGivenUp: Bool { broker.isGivenUp }

  /// Takes what was booked since the last round was closed.
  func closeBooks() -> RoundBook { world.network.books.close() }

  /// Runs all rounds; true if they are complete, false if the run was stopped before.
  func play() throws -> Bool {
    for client in 0..<clients.count { clients.enter(client) }
    scheduleFault()
    broker.handle(.tick)
    while broker.result == nil {
      if let failure = world.failure { throw failure }
      // A broker that is down can't end the run, nor one that catches up with where the run was
      // stopped before.
      // Nor one whose clients evaluate: what the round came to isn't kept before they have.
      if !wasStopped, isToStop(), world.isBrokerUp, !world.backend.isReplaying,
        broker.machine?.isEvaluating != true
      {
        wasStopped = true
        world.attempt { try world.backend.suspend() }
        broker.handle(.stop)
      }
      guard let (_, event) = world.network.events.next() else {
        throw SimulationError.nothingHappens(now)
      }
      take(event)
    }
    if let failure = world.failure { throw failure }
    return broker.result ?? false
  }

  private func take(_ event: VirtualEvent) {
    switch event {
    case .network(let event):
      switch world.network.happen(event) {
      case nil: return
      case .atClient(let client, let message): clients.receive(message, by: client)
      case .atBroker(let client, let message): broker.receive(message, from: client)
      }
    case .brokerWake(let number):
      guard broker.wakes(by: number) else { return }
      countFleet()
      broker.handle(.tick)
    case .brokerResult(let event, let epoch): broker.take(event, epoch: epoch)
    case .clientWake(let client, let number): clients.wake(client, by: number)
    case .trained(let client, let work): clients.finishWork(of: client, work)
    case .measured(let client, let restarts): clients.finishMeasuring(of: client, restarts)
    case .dropOut(let client, let work): clients.dropOut(client, work: work)
    case .availability(let client): clients.changeAvailability(of: client)
    case .returns(let client, let reason): clients.returned(client, from: reason)
    case .connected(let connection): clients.connected(connection)
    case .gone(let connection): broker.lost(connection)
    case .fault: playFaults()
    case .undo(let number): undo(number)
    case .brokerRestart: restartBroker()
    }
  }

  /// Tells a broker that waits for clients if it would wait for ever.
  private func countFleet() {
    guard world.isFleetToBeCounted, let machine = broker.machine, let awaited = machine.awaited
    else { return }
    world.isFleetToBeCounted = false
    let atWork = machine.atWork
    let (cuts, kills) = (world.script.endOfCuts, world.script.endOfKills)
    let able = (0..<clients.count).count { client in
      atWork.contains(client)
        || !clients.hasEnded(client)
          && machine.canTakePart(client, limit: clients.stageLimit(of: client))
          && clients.mayBeAvailable(client)
          && clients.mayReturn(client, cuts: cuts, kills: kills)
    }
    if able < awaited { broker.handle(.limited(to: able)) }
  }

  // MARK: Faults

  /// Has the next fault of the script that goes by the clock wake the simulation.
  private func scheduleFault() {
    if let time = world.script.nextTime { world.network.events.insert(.fault, at: time) }
  }

  /// Does what the script says for this moment.
  private func playFaults() {
    let (faults, isByClock) = world.script.due(at: now)
    for fault in faults { play(fault) }
    if isByClock { scheduleFault() }
    world.isFleetToBeCounted = true
  }

  private func play(_ fault: ScriptedFault) {
    let rule = fault.rule
    let targets = fault.clients(of: clients.count, groups: world.topology.fleet.ranges)
    switch rule.action {
    case .cut(let how): for client in targets { clients.cut(client, how) }
    case .partition: for client in targets { clients.cut(client, .blackHole) }
    case .stall:
      let end = now + (rule.duration ?? .zero)
      for client in targets { world.network.stall(client, until: end) }
    case .kill: for client in targets { clients.fail(client) }
    case .restartBroker:
      guard world.isBrokerUp, broker.result == nil else { return }
      broker.stop()
      clients.loseBroker()
      world.network.events.insert(.brokerRestart, at: now + (rule.duration ?? .zero))
    case .scaleRate(let factor):
      for client in targets { world.network.scaleRate(of: client, by: factor) }
    }
    world.network.books.count("fault: \(rule.action.name)")
    // Links end a stall by themselves, and the broker's restart has an event of its own.
    switch rule.action {
    case .stall, .restartBroker: return
    case .cut, .partition, .kill, .scaleRate: break
    }
    guard let duration = rule.duration else { return }
    let number = world.script.keepOpen(rule.action, on: targets)
    world.network.events.insert(.undo(number), at: now + duration)
  }

  /// A fault is over.
  private func undo(_ number: Int) {
    guard let fault = world.script.close(number) else { return }
    switch fault.action {
    case .cut, .partition: for client in fault.clients { clients.end(.cut, of: client) }
    case .kill: for client in fault.clients { clients.end(.killed, of: client) }
    case .scaleRate(let factor):
      for client in fault.clients { world.network.scaleRate(of: client, by: 1 / factor) }
    case .stall, .restartBroker: break
    }
  }

  private func restartBroker() {
    broker.restart()
    clients.findBroker()
    broker.handle(.tick)
  }
}

/// A reason for which a simulation can't go on.
package enum SimulationError: Error, CustomStringConvertible {
  /// Nothing is waited for, but the run isn't over.
  case nothingHappens(Duration)
  /// The ledger of a run in simulated time lacks the data to go on from.
  case cannotGoOn(String)
  /// The cost model doesn't know how large deltas of the model are.
  case costModelOfDeltas

  /// The reason in words.
  package var description: String {
    switch self {
    case .nothingHappens(let time):
      "nothing is left to happen after \(time.seconds.fixed(1)) simulated seconds, yet the run isn't over"
    case .cannotGoOn(let run):
      """
      \(run): this run in virtual time was made by a version of progfed that didn't keep what it began \
      with; name its topology too, and it is run from its beginning, which comes to the same
      """
    case .costModelOfDeltas:
      "--cost-model plays whole models only: leave out codecs.downDelta, or --cost-model"
    }
  }
}
