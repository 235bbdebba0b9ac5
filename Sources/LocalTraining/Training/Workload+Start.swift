import Datasets
import Federation
import Measures
import Progressive
import Topology

extension Workload {
  /// Refuses what a run can't start with, and what only the data tells: too few samples or users,
  /// or own samples of which none is where it should be.
  ///
  /// - Throws: `TopologyError`, which names the line; `DatasetError`.
  package func checkStart() throws {
    try data.own?.check()
    do throws(PartitionError) {
      _ = try dealtSamples(seed: topology.seed)
    } catch {
      throw refusal(of: error)
    }
  }

  private func refusal(of error: PartitionError) -> TopologyError {
    let name = data.split?.train.name ?? topology.data.name
    switch error {
    case .tooFewSamples(let samples, let clients, let needed):
      let isLimited = topology.data.limit.train == samples
      let key = isLimited ? "data.limit.train" : "clients"
      return topology.error(
        at: key,
        "\(clients) clients need \(needed) training samples, but \(name) has \(samples)"
          + (isLimited ? " of them left" : ""),
        remedy: isLimited
          ? "raise data.limit.train, or ask for fewer clients"
          : "ask for \(samples * clients / max(1, needed)) clients at most, or choose another partition"
      )
    case .noUsers:
      return topology.error(
        at: "data.partition",
        "data.partition is byUser, but \(name) doesn't tell whose samples they are",
        remedy: "write iid, say, or choose a data set with users, as leaf-femnist is one")
    case .tooFewUsers(let users, let clients):
      return topology.error(
        at: "clients",
        "\(clients) clients can't each play one of \(name)'s \(users) users",
        remedy: "ask for \(users) clients at most, or choose another partition")
    case .beyondLimit(let client, let samples, let limit):
      return topology.error(
        at: "limits.samples",
        "client \(client) would have \(samples) samples, more than the \(limit) of limits.samples",
        remedy: "raise limits.samples, or give clients fewer samples")
    }
  }
}

extension Workload {
  /// Remarks on the data for people who begin a run, a sentence each.
  package var remarks: [String] {
    switch data {
    case .dealt(let split):
      guard test.count == 0 else { return split.remarks }
      let remark = "\(test.name) has no test samples: the model is trained and never tested"
      return split.remarks + [
        remark + endlessStages + "; give the files of its test split to know how well it does"
      ]
    case .own, .programs, .none:
      if let testers = topology.evaluation.testers {
        return ["the samples stay with the clients: \(testers)"]
      }
      let remark =
        "the samples stay with the clients, and the broker has none to test the model with"
      return [remark + endlessStages + "; evaluation.clients has clients test it"]
    }
  }

  /// The consequence for stages that end when the model gets no better.
  private var endlessStages: String {
    guard case .plateau = topology.growthSchedule.trigger else { return "" }
    return ", so that each stage lasts as long as stages.each allows"
  }
}
