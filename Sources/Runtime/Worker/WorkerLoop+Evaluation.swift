import Datasets
import Federation
import LocalTraining
import Server
import Wire
import ZeroMQ

/// Evaluations of the model on what clients hold out.
extension WorkerLoop {
  /// Submits a client's evaluation to the pool.
  func evaluate(_ task: ClientTask, client: Int) {
    report(.evaluating(client: client, round: task.round, stage: task.stage))
    guard let states = states(of: task), let shares else {
      _ = inbox.push(
        .evaluated(
          client: client, round: task.round, .failed(.failed, detail: "segments are missing")))
      return
    }
    let cancellation = Cancellation()
    trainings[client] = cancellation
    pool.submit { [inbox, workload, seed] lane in
      guard !cancellation.isCancelled else { return }
      let scores: LocalScores
      do throws(DatasetError) {
        scores = LocalEvaluation(
          workload: workload, task: task, client: client, seed: seed, states: states,
          learner: try shares.learner(of: client)
        ).run(on: lane)
      } catch {
        if workload.data.own != nil { inbox.lookAgain(at: client, after: error) }
        scores = .failed(.badData, detail: error.kind)
      }
      _ = inbox.push(.evaluated(client: client, round: task.round, scores))
    }
  }
}
