import Datasets
import Federation
import Measures
package import Topology

extension Workload {
  /// Refuses what a run can't start with, and what only the data tells: too few samples or users.
  ///
  /// - Throws: `TopologyError`, which names the line.
  package func checkStart() throws(TopologyError) {
    do throws(PartitionError) {
      _ = try dealtSamples(seed: topology.seed)
    } catch {
      throw refusal(of: error)
    }
  }

  private func refusal(of error: PartitionError) -> TopologyError {
    switch error {
    case .tooFewSamples(let samples, let clients, let needed):
      let isLimited = topology.data.limit.train == samples
      let key = isLimited ? "data.limit.train" : "clients"
      return topology.error(
        at: key,
        "\(clients) clients need \(needed) training samples, but \(data.train.name) has \(samples)"
          + (isLimited ? " of them left" : ""),
        remedy: isLimited
          ? "raise data.limit.train, or ask for fewer clients"
          : "ask for \(samples * clients / max(1, needed)) clients at most, or choose another partition"
      )
    case .noUsers:
      return topology.error(
        at: "data.partition",
        "data.partition is byUser, but \(data.train.name) doesn't tell whose samples they are",
        remedy: "write iid, say, or choose a data set with users, as leaf-femnist is one")
    case .tooFewUsers(let users, let clients):
      return topology.error(
        at: "clients",
        "\(clients) clients can't each play one of \(data.train.name)'s \(users) users",
        remedy: "ask for \(users) clients at most, or choose another partition")
    case .beyondLimit(let client, let samples, let limit):
      return topology.error(
        at: "limits.samples",
        "client \(client) would have \(samples) samples, more than the \(limit) of limits.samples",
        remedy: "raise limits.samples, or give clients fewer samples")
    }
  }
}
