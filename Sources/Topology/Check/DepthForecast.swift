import Federation
import Measures
import Models
import Progressive

/// The sub-models that the clients of a round are expected to train, by what the topology says of
/// their links and devices.
struct DepthForecast {
  /// The share of a round's clients that train each sub-model, by the round's stage, both from 0.
  private let shares: [[Double]]
  /// The groups in rounds of the full model.
  let groups: [GroupDepth]
  /// The expected length of such a round.
  let length: Duration
  /// True if a sub-model has the heads of all of its blocks.
  private let hasAllHeads: Bool

  /// The forecast of a topology; nil where all clients train the same.
  init?(_ topology: Topology) {
    guard let plan = topology.depthPlan else { return nil }
    let count = min(topology.clients, max(1, topology.rules.clientsAsked))
    // As many as a round asks, evenly over the fleet.
    let clients = (0..<count).map { $0 * topology.clients / count }
    let choices = (1...topology.architecture.stages).map { stage in
      plan.choice(
        for: clients.map { client in
          DepthCandidate(client: client, limit: min(stage, topology.stageLimits[client] ?? stage))
        },
        stages: Array(1...stage), ending: topology.rules.ending, record: DepthRecord())
    }
    shares = choices.enumerated().map { index, choice in
      (0...index).map { depth in
        Double(choice.depths.count { $0 == depth + 1 }) / Double(count)
      }
    }
    let last = choices[choices.count - 1]
    length = last.length
    hasAllHeads = topology.strategy.usesAllHeads
    groups = topology.fleet.groups.compactMap { group in
      let own = zip(clients, last.depths).filter { group.clients.contains($0.0) }.map(\.1)
      guard !own.isEmpty else { return nil }
      return GroupDepth(
        name: topology.fleet.isPlain ? "clients" : group.name, clients: group.clients.count,
        shares: (1...choices.count).map { depth in
          Double(own.count { $0 == depth }) / Double(own.count)
        })
    }
  }

  /// The share of clients that train the sub-model `depth` in a round of `stage`.
  func share(of depth: Int, in stage: Int) -> Double { shares[stage - 1][depth - 1] }

  /// The share of clients that need a segment in a round of `stage`.
  func need(of segment: SegmentName, in stage: Int) -> Double {
    switch segment {
    case .head(let depth) where !hasAllHeads: share(of: depth, in: stage)
    case .block(let depth), .head(let depth): shares[stage - 1].dropFirst(depth - 1).reduce(0, +)
    case .control: 1
    }
  }
}

/// A group of clients, and the sub-models that they are expected to train.
package struct GroupDepth: Hashable, Sendable, Codable {
  /// The group's name.
  package var name: String
  /// The number of its clients.
  package var clients: Int
  /// The share of its clients that train each sub-model, by stage.
  package var shares: [Double]

  /// The group and its depths in words: "city: stage 3", "country: 60 % stage 2, 40 % stage 3".
  package var text: String {
    let parts = shares.enumerated().filter { $0.element > 0 }.map { index, share in
      share == 1 ? "stage \(index + 1)" : "\((100 * share).fixed(0)) % stage \(index + 1)"
    }
    return "\(name): \(parts.joined(separator: ", "))"
  }
}
