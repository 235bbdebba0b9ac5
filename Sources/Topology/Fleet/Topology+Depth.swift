import Codecs
import Federation
import Links
import Measures
import Models
import Neural
package import Progressive
import Tensors

extension Topology {
  /// The link that is assumed where the file says nothing of one: 20 Mbit/s both ways.
  private static let usualRate = Bandwidth(bitsPerSecond: 20e6)
  /// The samples of all clients that are assumed where the file doesn't limit them.
  private static let usualSamples = 50_000
  /// The round trips of a client's part of a round: request and model, offer and leave, update and
  /// acknowledgement.
  private static let roundTrips = 3

  /// The plan by which the broker chooses how deep each client trains; nil where all train the
  /// same.
  package var depthPlan: DepthPlan? {
    guard depth.rule != .fixed, strategy.revisitsBlocks else { return nil }
    let blocks = layouts(stage: architecture.stages).prefix(architecture.stages)
    let stages = (1...architecture.stages).map { stage in
      let network = subModel(stage: stage)
      return SubModelCost(
        down: network.layouts.reduce(0) { $0 + down(in: $1) },
        up: network.layouts.reduce(0) { $0 + codecs.up.expectedSize(of: $1).bytes },
        operations: Double(network.trainingFLOPs))
    }
    return DepthPlan(
      rule: depth.rule, target: depth.target, least: depth.least, most: depth.most,
      parameters: blocks.map(\.count),
      samples: max(1, (data.limit.train ?? Self.usualSamples) / max(1, clients)),
      epochs: training.epochs, dropOut: dropOut,
      groups: fleet.groups.filter { !$0.clients.isEmpty }.map { group in
        let kinds = max(1, min(group.recordedDevices.count, group.clients.count))
        return DepthPlan.Group(
          clients: group.clients,
          costs: (0..<kinds).map {
            cost(of: group.clients.lowerBound + $0, in: group, stages: stages)
          })
      })
  }

  /// The mean probability of clients' dropping out.
  private var dropOut: Double {
    fleet.groups.reduce(0) { $0 + $1.device.dropOut * Double($1.clients.count) }
      / Double(max(1, clients))
  }

  /// Advice on depths for readers of `check`.
  var depthWarnings: [String] {
    guard depth.rule != .fixed, !strategy.revisitsBlocks else { return [] }
    return [
      "participation.depth: all clients train the same in strategy \(strategy.rawValue); depths "
        + "are chosen where the model grows by strategy: progressive"
    ]
  }

  /// The bytes of a segment on its way down: of a difference where most clients have what it leads
  /// on from.
  private func down(in layout: ParameterLayout) -> Int {
    guard let delta = codecs.delta, 2 * rules.clientsAsked > clients else {
      return codecs.down.expectedSize(of: layout).bytes
    }
    return delta.codec.expectedSize(of: layout).bytes
  }

  private func cost(
    of client: Int, in group: ClientGroup, stages: [SubModelCost]
  ) -> DepthCost {
    let link = group.link(of: client)
    let rates = Direction.allCases.map { direction in
      (direction, fleet.rate(of: client, in: group, direction, participants: rules.clientsAsked))
    }
    let speed = group.device(of: client).speed
    let full = stages.last?.operations ?? 1
    return DepthCost(
      transfer: stages.map { stage in
        rates.reduce(link.down.roundTrip * Self.roundTrips) { sum, path in
          // What carries anything in no time is a link that the file says nothing of.
          let rate = group.link == ClientGroup.unlimited ? Self.usualRate : path.1
          return sum + rate.time(for: ByteCount(path.0 == .down ? stage.down : stage.up))
        }
      },
      training: stages.map {
        speed.time(forSamples: 1, flopsPerSample: $0.operations, fullFlopsPerSample: full)
      })
  }
}

/// The cost of a sub-model: bytes both ways, and operations of training on one sample.
private struct SubModelCost {
  let down: Int
  let up: Int
  let operations: Double
}
