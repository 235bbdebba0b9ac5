import Datasets
import Dispatch
import Federation
import LocalTraining
import Server
import Synchronization
import Topology
import Wire

/// Evaluations by clients as they are in real runs.
extension TrainingBackend {
  func prepareEvaluation(round: Int) throws -> PreparedModel {
    let (model, steps) = try server.round(round).announceEvaluation()
    take(model, steps)
    return model
  }

  func heldOut(of client: Int) -> Int { shares.heldOut(of: client) }

  func beginEvaluation(_ task: ClientTask, client: Int) throws -> any PendingScores {
    guard let held = states(of: task) else {
      return LackingScores(reason: .failed, detail: "segments are missing")
    }
    do throws(DatasetError) { try shares.check(client) } catch {
      return LackingScores(reason: .badData, detail: error.kind)
    }
    return ScoresTicket(on: pool) {
      [workload, shares, seed = plan.seed] () throws(DatasetError) in
      LocalEvaluation(
        workload: workload, task: task, client: client, seed: seed, states: held,
        learner: try shares.learner(of: client))
    }
  }

  func conclude(_ evaluation: ClosedEvaluation) throws {
    try server.round(evaluation.result.round).conclude(evaluation)
  }
}

/// Sums over clients' samples as they are in real runs, and the normalization that is made of them.
extension TrainingBackend {
  var normalization: FederatedNormalization? {
    // A run that is played again measures again.
    workload.topology.overrides.extended == nil ? nil : server.normalization
  }

  func sums(of client: Int) -> LocalSums {
    let topology = workload.topology
    let (minimum, unit) = (topology.evaluation.minimumSamples, topology.data.telling.unit)
    do throws(DatasetError) {
      return LocalSums(
        over: try shares.samples(of: client).training, minimum: minimum, unit: unit)
    } catch {
      return .failed(.badData, detail: error.kind)
    }
  }

  /// A run that is played again takes the normalization that its ledger keeps.
  func normalize(_ result: MeasuringResult) throws -> FederatedNormalization {
    let made = try server.normalize(result)
    shares.normalization = Normalization(made)
    return made
  }
}

/// A client's evaluation on the pool, begun at once.
private final class ScoresTicket: PendingScores {
  private let cancellation = Cancellation()
  private let result = Mutex<LocalScores?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  init(
    on pool: TrainingPool,
    _ evaluation: @escaping @Sendable () throws(DatasetError) -> LocalEvaluation
  ) {
    pool.submit { [self] lane in
      guard !cancellation.isCancelled else { return }
      let scores: LocalScores
      do throws(DatasetError) { scores = try evaluation().run(on: lane) } catch {
        scores = .failed(.badData, detail: error.kind)
      }
      result.withLock { $0 = scores }
      isDone.signal()
    }
  }

  func outcome() -> LocalScores {
    isDone.wait()
    return result.withLock(\.self) ?? .failed(.failed, detail: "its result is gone")
  }

  func cancel() { cancellation.cancel() }
}

/// An evaluation that can't be, as the model's bytes are no longer kept or the samples are of no
/// use.
private struct LackingScores: PendingScores {
  let reason: DeclineReason
  let detail: String

  func outcome() -> LocalScores { .failed(reason, detail: detail) }
  func cancel() {}
}
