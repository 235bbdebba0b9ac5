import Dispatch
package import Measures
import Neural
package import OneDNN
import Synchronization
import Tensors

/// The speed of local training on synthetic data: steps of forward, loss, backward and SGD.
package struct TrainingBenchmark: Sendable {
  /// The name of the trained architecture.
  package var architecture: Architecture
  /// The stage, from 1 to S.
  package var stage: Int
  /// The number of samples in a step, B.
  package var batch: Int
  /// The number of clients that train at the same time, each on a thread of its own.
  package var threads: Int

  /// A benchmark of one sub-model.
  package init(architecture: Architecture, stage: Int, batch: Int = 20, threads: Int = 1) {
    self.architecture = architecture
    self.stage = stage
    self.batch = batch
    self.threads = threads
  }

  /// The measurements.
  package struct Result: Hashable, Sendable {
    /// The samples of all threads in the time of a median step.
    package var imagesPerSecond: Double
    /// The time of the fastest step.
    package var fastestStep: Duration
    /// The time of the median step.
    package var medianStep: Duration
    /// The memory of one thread's tensors.
    package var memoryPerThread: ByteCount
  }

  /// Makes `steps` steps on each thread, after two that aren't counted.
  ///
  /// - Throws: `DNNLError` if oneDNN can't compute the network on this machine.
  package func run(steps: Int) throws(DNNLError) -> Result {
    precondition(steps > 0 && threads > 0 && batch > 0, "\(steps) steps on \(threads) threads")
    let outcomes = Mutex<[Swift.Result<([Duration], ByteCount), DNNLError>]>([])
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let outcome = Swift.Result { () throws(DNNLError) in try train(thread, steps) }
      outcomes.withLock { $0.append(outcome) }
    }
    var (times, memory): ([Duration], ByteCount) = ([], .zero)
    for outcome in outcomes.withLock({ $0 }) {
      let (own, used) = try outcome.get()
      times += own
      memory = max(memory, used)
    }
    times.sort()
    let median = times[times.count / 2]
    return Result(
      imagesPerSecond: Double(batch * threads) / median.seconds, fastestStep: times[0],
      medianStep: median, memoryPerThread: memory)
  }

  private func train(
    _ thread: Int, _ steps: Int
  ) throws(DNNLError) -> ([Duration], ByteCount) {
    let random = RandomStream(seed: 1).stream("benchmark", thread)
    let network = architecture.network(stage: stage)
    let trainer = try Trainer(network: network, batch: batch)
    var parameters = architecture.initialize(stage: stage, random: random)
    var source = SyntheticSource(steps: steps + 2, classes: network.classes, random: random)
    _ = try trainer.train(
      &parameters, source: &source, settings: TrainingSettings(learningRate: 0.01), random: random)
    let times = zip(source.instants.dropFirst(), source.instants).map { $1.duration(to: $0) }
    return (Array(times.dropFirst(2)), trainer.memory)
  }
}

/// The same batch of normally distributed pixels again and again, noting when it was asked for.
struct SyntheticSource: BatchSource {
  private let steps: Int
  private let classes: Int
  private var random: RandomStream
  /// The times at which each batch was asked for, and last the time at which the source ended.
  private(set) var instants: [ContinuousClock.Instant] = []

  /// A source of `steps` batches.
  init(steps: Int, classes: Int, random: RandomStream) {
    self.steps = steps
    self.classes = classes
    self.random = random
    instants.reserveCapacity(steps + 1)
  }

  mutating func fill(_ batch: inout Batch) {
    if instants.isEmpty {
      for index in batch.inputs.indices { batch.inputs[index] = Float(random.normal()) }
      for index in batch.labels.indices {
        batch.labels[index] = Int32.random(in: 0..<Int32(classes), using: &random)
      }
    }
    instants.append(.now)
    batch.count = instants.count <= steps ? batch.capacity : 0
  }
}
