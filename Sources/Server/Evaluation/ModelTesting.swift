import Datasets
import LocalTraining
import Neural
import Synchronization
import Tensors
import Topology

/// Tests models on the samples that nobody trains on.
struct ModelTesting {
  private let workload: Workload
  private let seed: UInt64
  /// The test samples of each client that has any, once that was asked for.
  private var ownTests: [[Int]]?

  /// The tests of a run with this seed.
  init(_ workload: Workload, seed: UInt64) {
    self.workload = workload
    self.seed = seed
  }

  /// Evaluates on the test set, in parts that don't depend on the threads, so that sums don't either.
  ///
  /// - Returns: What was seen of all samples, and of each client's own, where the data tells whose they are.
  mutating func evaluate(
    _ parameters: [ParameterVector], stage: Int, on pool: TrainingPool
  ) throws -> (all: Evaluation, clients: [Evaluation]) {
    let test = workload.data.test
    let network = workload.network(stage: stage)
    let batch = workload.topology.evaluation.batch
    let own = try ownTests ?? workload.ownTests(seed: seed)
    ownTests = own
    let owned = Set(own.joined())
    let rest = (0..<test.count).filter { !owned.contains($0) }
    let part = max(batch, (test.count + 15) / 16)
    let parts =
      own
      + stride(from: 0, to: rest.count, by: part).map {
        Array(rest[$0..<min($0 + part, rest.count)])
      }
    let results = Mutex<[Int: Result<Evaluation, any Error>]>([:])
    let augmentation = workload.topology.data.augmentation.forEvaluation
    let trainingBatch = workload.topology.training.batch
    pool.forEach(parts.count) { index, lane in
      let result = Result<Evaluation, any Error> {
        let trainer = try lane.trainer(
          for: network.network, stage: stage, batch: trainingBatch)
        var batches = SequentialBatches(
          dataset: test, samples: parts[index], augmentation: augmentation)
        return try trainer.evaluate(parameters, source: &batches, batch: batch)
      }
      results.withLock { $0[index] = result }
    }
    var total = Evaluation()
    var clients: [Evaluation] = []
    for index in parts.indices {
      guard let part = try results.withLock({ $0[index] })?.get() else { continue }
      total.add(part)
      if index < own.count { clients.append(part) }
    }
    return (total, clients)
  }
}
