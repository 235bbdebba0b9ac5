import Datasets
import Federation
import LocalTraining
import Topology
import Wire
import ZeroMQ

/// Sums over clients' samples before the first round, and the normalization that is made of them.
extension WorkerLoop {
  /// Has a client's training samples added up on the pool.
  func measure(_ client: Int) {
    report(.measuring(client: client))
    guard let shares else {
      _ = inbox.push(
        .measured(client: client, .failed(.failed, detail: "its samples aren't here")))
      return
    }
    let topology = workload.topology
    let (minimum, unit) = (topology.evaluation.minimumSamples, topology.data.telling.unit)
    pool.submit { [inbox] _ in
      let sums: LocalSums
      do throws(DatasetError) {
        sums = LocalSums(
          over: try shares.samples(of: client).training, minimum: minimum, unit: unit)
      } catch {
        inbox.lookAgain(at: client, after: error)
        sums = .failed(.badData, detail: error.kind)
      }
      _ = inbox.push(.measured(client: client, sums))
    }
  }

  /// Hands a client's machine what the sums over its samples came to.
  func take(_ sums: LocalSums, of client: Int) throws {
    switch sums {
    case .measured(let sums): try handle(.measured(sums), for: client)
    case .failed(let reason, let detail):
      report(.unmeasured(client: client, reason, detail: detail))
      try handle(.unmeasured(reason, detail: detail), for: client)
    }
  }

  /// All samples of this worker are normalized by what was made of all clients' sums.
  func normalize(_ client: Int, by made: FederatedNormalization) {
    shares?.normalization = Normalization(made)
  }
}
