import Datasets
import LocalTraining
import Measures
import Models
import Neural
import Synchronization
import Tensors
import Topology

/// Takes the full model's gradient on a fixed choice of training samples.
///
/// Its squared norm, ‖∇f(w)‖² with f the mean loss over these samples without dropout, is what
/// theory bounds: the progressive scheme comes as fast to a stationary point of the full model as
/// training the full model does (Wang et al., 2022). At an early stage w is the trained blocks
/// together with the later ones and the last head as they will be initialized.
struct ConvergenceProbe {
  private let workload: Workload
  private let samples: Dataset

  /// A probe on `count` samples that depend on the seed alone; nil for none, and where the samples
  /// are the clients' own.
  init?(_ workload: Workload, samples count: Int, seed: UInt64) {
    guard count > 0, let split = workload.data.split else { return nil }
    self.workload = workload
    samples = split.train.drawn(
      count, stream: RandomStream(seed: seed).stream("evaluation.gradient"))
  }

  /// The squared norm of the gradient at `parameters`, the full model's.
  ///
  /// The samples are cut into parts of fixed size, whose gradients are added in order, so that the
  /// sum doesn't depend on the threads. Few of them wait at a time.
  ///
  /// - Throws: `DNNLError` if oneDNN fails.
  func squaredGradientNorm(at parameters: [ParameterVector], on pool: TrainingPool) throws -> Double
  {
    let stage = workload.topology.architecture.stages
    // Where all heads supervise, training's network isn't the full model alone, and lanes tell the
    // two apart by stage.
    let trained = workload.network(stage: stage)
    let isTrained = trained.layouts.count == parameters.count
    let network = isTrained ? trained.network : workload.topology.architecture.network(stage: stage)
    let key = isTrained ? stage : 0
    let batch = workload.topology.training.batch
    // Whole batches, so that at most one is smaller: each size is compiled.
    let part = (max(batch, (samples.count + 15) / 16) + batch - 1) / batch * batch
    let parts = stride(from: 0, to: samples.count, by: part).map {
      $0..<min($0 + part, samples.count)
    }
    let augmentation = workload.topology.data.augmentation.forEvaluation
    let sum = Mutex(OrderedSum(count: parameters.reduce(0) { $0 + $1.scalars.count }))
    let problem = Mutex<(any Error)?>(nil)
    pool.forEach(parts.count) { [samples] index, lane in
      do {
        let trainer = try lane.trainer(for: network, stage: key, batch: batch)
        var batches = SequentialBatches(
          dataset: samples, samples: parts[index], augmentation: augmentation)
        let gradient = try trainer.gradient(parameters, source: &batches).gradient
        let share = Double(parts[index].count) / Double(samples.count)
        sum.withLock { $0.add(gradient, times: share, at: index) }
      } catch {
        problem.withLock { $0 = error }
      }
    }
    if let error = problem.withLock({ $0 }) { throw error }
    return sum.withLock { $0.squaredNorm }
  }

  /// Adds gradients in the order of their parts, in whatever order they come.
  private struct OrderedSum {
    private var scalars: [Double]
    private var next = 0
    private var waiting: [Int: (gradient: [ParameterVector], share: Double)] = [:]

    init(count: Int) { scalars = Array(repeating: 0, count: count) }

    var squaredNorm: Double { scalars.reduce(0) { $0 + $1 * $1 } }

    mutating func add(_ gradient: [ParameterVector], times share: Double, at index: Int) {
      waiting[index] = (gradient, share)
      while let (gradient, share) = waiting.removeValue(forKey: next) {
        var start = 0
        for vector in gradient {
          // Running statistics travel like parameters, but have no gradient.
          for (index, parameter) in vector.layout.parameters.enumerated()
          where parameter.role != .buffer {
            for place in vector.layout.range(of: index) {
              scalars[start + place] += share * Double(vector.scalars[place])
            }
          }
          start += vector.scalars.count
        }
        next += 1
      }
    }
  }
}
