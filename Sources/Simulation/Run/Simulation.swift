import Datasets
import Federation
import Foundation
package import Ledger
package import LocalTraining
import Measures
package import Server
import Synchronization
package import Topology
import Wire

/// Broker, clients and their links in simulated time: as fast as the cores allow, and reproducible
/// to the bit.
package final class Simulation: Sendable {
  /// The clients' training, or a stand-in for it.
  package enum Work: Sendable {
    /// They train, on so many threads.
    case training(Workload, threads: Int)
    /// They take time and send as many bytes as an update has, with so many samples each.
    case costModel(Topology, samplesPerClient: Int)

    /// The number of samples of each client where nothing is trained; nil where clients train.
    fileprivate var samplesPerClient: Int? {
      switch self {
      case .training: nil
      case .costModel(_, let samples): samples
      }
    }
  }

  private let work: Work
  private let directory: RunDirectory
  private let observer: any RunObserver
  private let resumption: VirtualResumption?
  private let interval: Duration
  private let stops = Mutex(false)

  /// A simulation that hasn't begun, of a new run or one with trainings that goes on.
  ///
  /// - Parameters:
  ///   - work: The clients' training, or the cost model in its place.
  ///   - directory: The run directory.
  ///   - observer: The observer of the run.
  ///   - interval: After how long on the wall's clock a run with trainings is kept again, as it may
  ///     be killed.
  ///   - resumption: From where the run in `directory` goes on; nil for a new one.
  package init(
    _ work: Work, directory: RunDirectory, observer: any RunObserver,
    keepingEvery interval: Duration = .seconds(120), resumption: VirtualResumption? = nil
  ) {
    self.interval = interval
    self.work = work
    self.directory = directory
    self.observer = observer
    self.resumption = resumption
  }

  private var topology: Topology {
    switch work {
    case .training(let workload, _): workload.topology
    case .costModel(let topology, _): topology
    }
  }

  /// Runs all rounds on the calling thread.
  ///
  /// - Parameter isToStop: Asked before each event of simulated time whether the run ends early, as
  ///   ``stop()`` has it.
  /// - Returns: The state in which the run ended.
  /// - Throws: `TopologyError` if the topology says what virtual time doesn't play, `LedgerError`
  ///   for the run directory, ``ReplayError`` if a run that goes on was made by a program that
  ///   plays it in another way, and what training could not cope with.
  package func run(
    stoppingIf isToStop: @escaping () -> Bool = { false }
  ) throws -> RunState {
    let clock = ContinuousClock()
    let start = clock.now
    let topology = topology
    try topology.requirePlayable(on: .virtual)
    if case .costModel = work, topology.codecs.delta != nil {
      throw SimulationError.costModelOfDeltas
    }
    // Drawn from the seed, so that equal runs have equal messages.
    let number = RandomStream(seed: topology.seed).stream("run").value(at: 0) | 1
    var plan = topology.brokerPlan(run: number, epoch: 1)
    // All that can fail for the data's sake comes before anything is made on disk.
    plan.dealtSamples = try dealtSamples(seed: plan.seed)
    if plan.evaluation != nil { plan.dealtHoldOuts = try heldOut(seed: plan.seed) }
    let memories = try memories()
    readOwnSamples()
    let labels = try labels(seed: plan.seed)
    try directory.make()
    var resuming: ResumePoint?
    let ledger: RunStore
    if let resumption, case .training(let workload, _) = work {
      resuming = try resumption.restore(workload, in: directory.paths)
      ledger = try RunStore.open(at: directory.paths.ledger)
    } else {
      try DurableFile.write(Data(topology.source.utf8), to: directory.paths.topology)
      ledger = try RunStore.create(
        at: directory.paths.ledger,
        header: RunHeader(topology, seed: plan.seed, transport: "modelled", clock: "virtual"),
        origin: RunOrigin(topology, run: number, costModel: work.samplesPerClient), labels: labels)
    }
    defer { ledger.close() }
    if case .training(let workload, _) = work {
      for remark in workload.remarks { observer.remarked(remark) }
    }
    let backend = try makeBackend(
      plan, ledger: ledger, labels: labels, memories: memories, resuming: resuming)
    let loop = VirtualLoop(
      topology: topology, plan: plan, backend: backend, observer: observer,
      isToStop: { [self] in stops.withLock { $0 } || isToStop() })
    let complete = try loop.play()
    let state = try RunState.ended(
      complete: complete, isGivenUp: loop.isGivenUp, in: ledger)
    try backend.finish(
      state: state, book: loop.closeBooks(), elapsed: loop.now, wallClock: clock.now - start)
    return state
  }

  /// Ends the run early; what is there is kept.
  package func stop() { stops.withLock { $0 = true } }

  /// The training samples of each class that each client has; none where nothing is trained.
  private func labels(seed: UInt64) throws -> [[Int]] {
    switch work {
    case .training(let workload, _): try workload.labels(seed: seed)
    case .costModel: []
    }
  }

  /// The number of samples of each client.
  private func dealtSamples(seed: UInt64) throws(PartitionError) -> [Int] {
    switch work {
    case .training(let workload, _): return try workload.dealtSamples(seed: seed)
    case .costModel(let topology, let samples):
      let counts = Array(repeating: samples, count: topology.clients)
      try counts.check(against: topology.rules.sampleLimit)
      return counts.map { $0.told(by: topology.rules.sampleUnit) }
    }
  }

  /// Reads clients' own samples, and says which can't be used.
  private func readOwnSamples() {
    guard case .training(let workload, let threads) = work else { return }
    guard let own = workload.data.own else { return }
    own.read(on: TrainingPool(width: threads))
    for client in own.clients {
      switch own[client]?.summary() {
      case .success(let summary):
        for remark in summary.remarks { observer.remarked("client \(client): \(remark)") }
      case .failure(let error): observer.remarked("client \(client) takes no part: \(error)")
      case nil: break
      }
    }
  }

  /// The number of samples that each client holds out; as many as it trains on where nothing is
  /// trained.
  private func heldOut(seed: UInt64) throws(PartitionError) -> [Int] {
    switch work {
    case .training(let workload, _): try workload.dealtHoldOuts(seed: seed)
    case .costModel: try dealtSamples(seed: seed)
    }
  }

  /// The store of the clients' memories; nil where they remember nothing.
  private func memories() throws -> ClientStore? {
    switch work {
    case .training(let workload, _): try ClientStore(for: workload)
    case .costModel: nil
    }
  }

  private func makeBackend(
    _ plan: BrokerPlan, ledger: RunStore, labels: [[Int]], memories: ClientStore?,
    resuming: ResumePoint?
  ) throws -> any LearningBackend {
    switch work {
    case .training(let workload, let threads):
      let backend = try TrainingBackend(
        workload, plan: plan, pool: TrainingPool(width: threads), directory: directory.paths,
        ledger: ledger, observer: observer, labels: labels, memories: memories,
        resuming: resuming)
      return RecordedBackend(
        backend, plan: plan, points: ResumePointStore(of: directory.paths), ledger: ledger,
        keepingEvery: interval, earlier: resuming?.snapshot)
    case .costModel(let topology, let samples):
      return CostModelBackend(
        topology: topology, plan: plan, samplesPerClient: samples, ledger: ledger,
        observer: observer)
    }
  }
}
