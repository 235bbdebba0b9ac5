import Federation
import Measures
import Simulation
import Wire

/// A scenario that is played in virtual time, all promises being checked after each event.
///
/// The machines are the real ones; network, clocks, disk, training and encoding are simulated. What
/// happens follows from the scenario alone.
final class FaultSimulation {
  private let world: FaultWorld
  private let broker: FaultBroker
  private let clients: FaultClients
  /// The number of faults that keep the broker down.
  private var brokerCrashes = 0
  /// The lives of the broker in which another worker began to listen, by the client that it listens
  /// for.
  private var ears: [Int: Int] = [:]
  /// The number of events so far.
  private(set) var events = 0

  /// A scenario of which nothing has been played.
  init(_ scenario: FaultScenario, mutation: Mutation?, isTraced: Bool) {
    world = FaultWorld(scenario, mutation: mutation, isTraced: isTraced)
    clients = FaultClients(world)
    broker = FaultBroker(world, clients: clients)
  }

  /// The promise that was broken first; nil if all were kept.
  var violation: Violation? { world.violation }
  /// The number of rounds that were committed.
  var rounds: Int { world.disk.committed.count }
  /// The time that was played, and what went wrong in it.
  var toll: FaultToll {
    let disks = [world.storage.disk.tally] + (world.memories?.tally ?? [])
    return FaultToll(
      time: world.now, crashes: broker.crashes + clients.crashes,
      powerLosses: disks.reduce(0) { $0 + $1.powerLosses },
      diskFaults: disks.reduce(0) { $0 + $1.faults }, lostMessages: world.network.lost)
  }
  /// The events in words, if they were to be told.
  var trace: [String] { world.trace?.lines ?? [] }

  /// Plays until the run has ended or a promise is broken.
  func run() {
    let scenario = world.scenario
    for (index, fault) in scenario.faults.enumerated() {
      world.network.schedule(.begins(index), at: fault.start)
      world.network.schedule(.ends(index), at: fault.end)
    }
    broker.start()
    for client in 0..<scenario.clients { clients.start(client) }
    while world.violation == nil, let (time, event) = world.network.events.next() {
      if let finished = world.finished, time > finished.time + .seconds(6) { break }
      events += 1
      happen(event)
      if time > scenario.end || events > 400_000 {
        world.violate(.live, "the run goes on, in round \(world.disk.round)")
      }
    }
    if world.violation == nil { checkEnd() }
  }

  private func happen(_ event: FaultEvent) {
    switch event {
    case .brokerTick(let life): broker.wake(life: life)
    case .clientTick(let client, let life): clients.wake(client, life: life)
    case .up(let message, let connection): broker.hear(message, on: connection)
    case .down(let message, let connection): clients.hear(message, on: connection)
    case .notice(let topic, let isSubscription, let connection):
      broker.hear(topic, isSubscription: isSubscription, on: connection)
    case .lost(let connection): broker.lose(connection)
    case .connect(let client): clients.connect(client)
    case .prepared(let round, let life): broker.prepared(round, life: life)
    case .evaluable(let round, let life): broker.evaluable(round, life: life)
    case .evaluated(let client, let training, let round, let scores):
      clients.evaluated(client, training, round: round, scores)
    case .measured(let client, let training, let sums): clients.measured(client, training, sums)
    case .normalizationDurable(let made, let life):
      do { try world.keep(made, life: life) } catch { broker.fail(error) }
    case .normalized(let made, let life):
      if world.brokerLife == life { broker.handle(.normalized(made)) }
    case .durable(let client, let round, let submission, let life):
      broker.durable(client, round, submission, life: life)
    case .stored(let client, let round, let result, let life):
      broker.stored(client, round, result, life: life)
    case .committed(let life): broker.commit(life: life)
    case .synced(let life): broker.synced(life: life)
    case .restart: startBroker()
    case .trained(let client, let training, let round, let offer):
      clients.trained(client, training, round: round, offer)
    case .workerRestart(let client, let life): restart(client, life: life)
    case .begins(let index): begin(world.scenario.faults[index])
    case .ends(let index): end(world.scenario.faults[index])
    }
  }

  /// Starts the broker, unless it is up or a fault keeps it down.
  private func startBroker() {
    guard brokerCrashes == 0, world.finished == nil, broker.process == nil else { return }
    broker.start()
    for case .eavesdropping(let client) in world.network.active.map(\.kind) { overhear(client) }
  }

  private func begin(_ fault: InjectedFault) {
    guard world.finished == nil else { return }
    world.note("begins: \(fault)")
    world.network.begin(fault)
    switch fault.kind {
    case .workerCrash(let client): clients.crash(client)
    case .workerLeave(let client): clients.leave(client)
    case .brokerCrash:
      brokerCrashes += 1
      broker.crash()
    case .clockJump(let client?, let jump): clients.jump(client, by: jump)
    case .clockJump(nil, let jump): broker.jump(by: jump)
    case .fullDisk: world.fullDisks += 1
    case .eavesdropping(let client): overhear(client)
    case .pause: broker.handle(.ordered(.pause))
    case .eviction(let client): broker.handle(.ordered(.evict(client: client)))
    case .diskStop(after: 0, let losesPower):
      broker.crash(losesPower: losesPower)
      world.network.schedule(.restart, at: world.now + world.network.pause(100...1500))
    case .diskStop(let operations, let losesPower):
      world.storage.disk.stop = DiskStop(after: operations, losesPower: losesPower)
    case .failingSync(let syncs): world.storage.disk.failingSync = syncs
    case .failingReads, .flippedReads: world.storage.setReads(world.network.active)
    case .workerDiskStop(let client, let operations):
      world.memories?.disk(of: client).stop = DiskStop(after: operations, losesPower: true)
    case .workerSync(let client, let syncs): world.memories?.disk(of: client).failingSync = syncs
    case .partition, .loss, .duplication, .reordering, .delay, .damage, .slowTraining, .hoarding:
      break
    }
  }

  /// True while a fault keeps a client's worker down.
  private func isKeptDown(_ client: Int) -> Bool {
    world.network.active.contains { fault in
      switch fault.kind {
      case .workerCrash(client), .workerLeave(client): true
      default: false
      }
    }
  }

  /// Starts a worker whose machine stopped, unless it is up or a fault keeps it down.
  private func restart(_ client: Int, life: Int) {
    guard clients.clients[client].life == life, !isKeptDown(client) else { return }
    clients.start(client)
  }

  private func end(_ fault: InjectedFault) {
    guard world.network.end(fault) else { return }
    world.note("ends: \(fault)")
    switch fault.kind {
    case .workerCrash(let client), .workerLeave(let client):
      let end = clients.end(of: client)
      if !isKeptDown(client), end == nil || end == .left { clients.start(client) }
    case .brokerCrash:
      brokerCrashes -= 1
      startBroker()
    case .fullDisk: world.fullDisks -= 1
    case .eavesdropping(let client):
      if ears.removeValue(forKey: client) == world.brokerLife {
        broker.handle(.unsubscribed(.client(client)))
      }
    case .diskStop: world.storage.disk.stop = nil
    case .workerDiskStop(let client, _): world.memories?.disk(of: client).stop = nil
    case .workerSync(let client, _): world.memories?.disk(of: client).failingSync = nil
    case .failingSync: world.storage.disk.failingSync = nil
    case .failingReads, .flippedReads: world.storage.setReads(world.network.active)
    case .pause:
      if !world.network.active.contains(where: { $0.kind == .pause }) {
        broker.handle(.ordered(.resume))
      }
    case .eviction(let client):
      if !world.network.active.contains(where: { $0.kind == fault.kind }) {
        broker.handle(.ordered(.readmit(clients: [client])))
      }
    case .partition, .loss, .duplication, .reordering, .delay, .damage, .clockJump,
      .slowTraining, .hoarding:
      break
    }
  }

  /// Another worker begins to listen for a client, to the broker that is up.
  private func overhear(_ client: Int) {
    guard let life = world.brokerLife, ears[client] != life else { return }
    ears[client] = life
    broker.handle(.subscribed(.client(client)))
  }

  /// Checks what must hold once the run has ended.
  private func checkEnd() {
    guard let finished = world.finished else {
      return world.violate(.live, "nothing more happens, and no end")
    }
    guard finished.complete != world.scenario.isLong else {
      return world.violate(.live, "the run's end is told wrongly")
    }
    guard finished.time >= world.scenario.calm + world.scenario.settling else { return }
    for client in 0..<world.scenario.clients where clients.end(of: client) == nil {
      world.violate(.live, "client \(client) didn't hear that the run is over")
    }
  }
}
