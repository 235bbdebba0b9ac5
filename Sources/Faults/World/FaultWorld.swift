import Measures

/// The state that the broker and the workers of a scenario share.
final class FaultWorld {
  /// The scenario.
  let scenario: FaultScenario
  /// The promise that is broken on purpose.
  let mutation: Mutation?
  /// The names of models and updates.
  let digests: SimulatedDigests
  /// The names of the models that the broker makes: the same, unless that is broken on purpose.
  let made: SimulatedDigests
  /// Events, chances and connections.
  var network: LossyNetwork
  /// The broker's part that must be on its disk.
  var disk = Disk()
  /// The broker's storage, which must have it.
  let storage: FaultStorage
  /// The memories of the clients; nil where they remember nothing.
  let memories: FaultMemories?
  /// The number of faults that keep the disk full.
  var fullDisks = 0
  /// The life of the broker's process that is up; nil while none is.
  var brokerLife: Int?
  /// The end of the broker's part, and true if all rounds were run.
  var finished: (time: Duration, complete: Bool)?
  /// The first promise that was broken.
  private(set) var violation: Violation?
  /// The events so far in words, if they are to be told.
  private(set) var trace: Trace?

  /// A world in which nothing has happened.
  init(_ scenario: FaultScenario, mutation: Mutation?, isTraced: Bool) {
    self.scenario = scenario
    self.mutation = mutation
    digests = SimulatedDigests(scenario)
    made = SimulatedDigests(scenario, keepsUnsound: mutation == .keepsDiscardedModels)
    storage = FaultStorage(scenario, mutation: mutation)
    memories = scenario.remembers ? FaultMemories(scenario, mutation: mutation) : nil
    network = LossyNetwork(
      clients: scenario.clients,
      chance: RandomStream(seed: scenario.seed).stream("chance"))
    trace = isTraced ? Trace() : nil
  }

  /// The virtual time.
  var now: Duration { network.now }

  /// True once all traces of faults are gone.
  var isCalm: Bool { now >= scenario.calm + scenario.settling }

  /// True while a fault of the disk goes on, so that operations on it may fail.
  var isDiskAtFault: Bool { network.active.contains(where: \.isOfDisk) }

  /// True while what is read from the disk may be at fault.
  var misreads: Bool { storage.disk.flippedReads > 0 }

  /// True if what happens is told.
  var isTraced: Bool { trace != nil }

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
}
