import Bytes
import Federation
import Links
import Measures
import Wire

/// Plays a scenario in virtual time, and checks all promises after each event.
///
/// The machines are the real ones; network, clocks, disk, training and encoding are simulated. What
/// happens follows from the scenario alone.
final class FaultSimulation {
  let scenario: FaultScenario
  let mutation: Mutation?
  let digests: SimulatedDigests

  var queue = EventQueue<SimulatedEvent>()
  /// Where the chances of each step come from.
  var chance: RandomStream
  var broker: BrokerProcess?
  var brokerOffset: Duration = .zero
  /// How often the broker was started.
  var brokerLives = 0
  var brokerCrashes = 0
  /// When the broker's part ended, and whether all rounds were run.
  var finished: (time: Duration, complete: Bool)?
  var disk = Disk()
  var fullDisks = 0
  var clients: [ClientProcess]
  var connections: [Connection] = []
  var active: [InjectedFault] = []
  /// The rounds that began and ended after all traces of faults were gone.
  var calmRounds = 0
  /// The uplink message that is being handled.
  var current: Message<Uplink>?
  var violation: Violation?
  var events = 0
  /// What happened so far, if it is to be told.
  var trace: Trace?

  init(_ scenario: FaultScenario, mutation: Mutation?, isTraced: Bool) {
    self.scenario = scenario
    self.mutation = mutation
    digests = SimulatedDigests(scenario)
    chance = RandomStream(seed: scenario.seed).stream("chance")
    clients = Array(repeating: ClientProcess(), count: scenario.clients)
    trace = isTraced ? Trace() : nil
  }

  /// The virtual time.
  var now: Duration { queue.now }

  /// Whether all traces of faults are gone.
  var isCalm: Bool { now >= scenario.calm + scenario.settling }

  /// Plays until the run has ended or a promise is broken.
  func run() {
    for (index, fault) in scenario.faults.enumerated() {
      schedule(.begins(index), at: fault.start)
      schedule(.ends(index), at: fault.end)
    }
    startBroker()
    for client in clients.indices { startWorker(client) }
    while violation == nil, let (time, event) = queue.next() {
      if let finished, time > finished.time + .seconds(6) { break }
      events += 1
      happen(event)
      if time > scenario.end || events > 400_000 {
        violate(.live, "the run goes on, in round \(disk.round)")
      }
    }
    if violation == nil { checkEnd() }
  }

  private func happen(_ event: SimulatedEvent) {
    switch event {
    case .brokerTick(let life): brokerTick(life)
    case .clientTick(let client, let life): clientTick(client, life)
    case .up(let message, let connection): arrive(message, on: connection)
    case .down(let message, let connection): arrive(message, on: connection)
    case .notice(let topic, let isSubscription, let connection):
      notice(topic, isSubscription, connection)
    case .lost(let connection): learnLoss(of: connection)
    case .connect(let client): connect(client)
    case .prepared(let round, let life): prepared(round, life)
    case .durable(let client, let round, let submission, let life):
      durable(client, round, submission, life)
    case .stored(let client, let round, let result, let life):
      guard broker?.life == life else { return }
      if broker?.uploads[client]?.storing == round { broker?.uploads[client] = nil }
      tell(.stored(round: round, client: client, result))
    case .committed(let life): commit(life)
    case .trained(let client, let training, let round, let offer):
      trained(client, training, round, offer)
    case .begins(let index): begin(scenario.faults[index])
    case .ends(let index): end(scenario.faults[index])
    }
  }

  /// Has something happen at a time.
  func schedule(_ event: SimulatedEvent, at time: Duration) {
    queue.insert(event, at: time)
  }

  /// When something happens that is due at a time; never in the past.
  func moment(of time: Duration) -> Duration { queue.moment(of: time) }

  /// Notes the first broken promise.
  func violate(_ promise: Violation.Promise, _ detail: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = Violation(promise: promise, detail: detail(), time: now)
    note("BROKEN: \(promise.rawValue): \(violation?.detail ?? "")")
  }

  /// Adds a line to the trace, if there is one.
  func note(_ line: @autoclosure () -> String) {
    guard trace != nil else { return }
    let text = line()
    trace?.add(text, at: now)
  }

  /// A random time between the bounds, in milliseconds.
  func pause(_ range: ClosedRange<Int>) -> Duration {
    .milliseconds(Int.random(in: range, using: &chance))
  }

  /// Whether something of this probability happens.
  func happens(_ probability: Double) -> Bool { chance.uniform() < probability }

  /// What must hold once the run has ended.
  private func checkEnd() {
    guard let finished else { return violate(.live, "nothing more happens, and no end") }
    guard finished.complete != scenario.isLong else {
      return violate(.live, "the run's end is told wrongly")
    }
    guard finished.time >= scenario.calm + scenario.settling else { return }
    for client in clients.indices where clients[client].ended == nil {
      violate(.live, "client \(client) didn't hear that the run is over")
    }
  }
}
