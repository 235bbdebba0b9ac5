import Federation
import Links
package import Measures
import Models
import Neural
import Progressive

/// The deepest stages that clients may train: by `participation.caps`, and by the memory of their
/// devices.
///
/// What a client tells the broker when it joins, whichever clock the run is timed by.
package struct StageLimits: Sendable {
  /// The stage, from 1, at which a client's memory ends by what the topology says of it alone.
  private let caps: [Int: Int]
  /// The same by the devices of the groups whose memory doesn't hold all stages; 0 if it holds
  /// none.
  private let groups: [(clients: Range<Int>, stage: Int)]

  /// The limits of a fleet of which each stage's training takes so much memory.
  init(caps: [Int: Int], fleet: FleetModel, needs: [ByteCount]) {
    self.caps = caps
    groups = fleet.groups.compactMap { group in
      let stage = group.device.deepestStage(memory: needs).map { $0 + 1 } ?? 0
      return stage < needs.count ? (group.clients, stage) : nil
    }
  }

  /// The deepest stage that a client may train, from 1; nil where it may train all.
  package subscript(client: Int) -> Int? {
    let memory = groups.first { $0.clients.contains(client) }?.stage
    return [caps[client], memory].compactMap { $0 }.min()
  }

  /// The limits of all clients as the value of `participation.caps`; nil without any.
  func setting(clients: Int) -> String? {
    guard !caps.isEmpty || !groups.isEmpty else { return nil }
    var ranges: [Int: [ClosedRange<Int>]] = [:]
    for client in 0..<clients {
      guard let stage = self[client] else { continue }
      if let last = ranges[stage]?.last, last.upperBound + 1 == client {
        ranges[stage, default: []][ranges[stage, default: []].count - 1] = last.lowerBound...client
      } else {
        ranges[stage, default: []].append(client...client)
      }
    }
    guard !ranges.isEmpty else { return nil }
    return FlowText.list(
      ranges.sorted { $0.key < $1.key }.map { stage, ranges in
        let numbers = ranges.map {
          $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }
        return FlowText.section([
          ("stage", "\(stage)"), ("clients", FlowText.text(numbers.joined(separator: ","))),
        ])
      })
  }

  /// The groups whose devices can't even train the first stage.
  fileprivate func incapable(of fleet: FleetModel) -> [ClientGroup] {
    fleet.groups.filter { group in groups.contains { $0 == (group.clients, 0) } }
  }
}

extension TopologyDraft {
  /// The deepest stages of all clients; reported if some can train none, or too few the whole model
  /// where all rounds train it.
  func stageLimits(
    _ fleet: FleetModel, _ architecture: Architecture, rules: RoundRules, clients: Int,
    _ reading: Reading
  ) -> StageLimits {
    let needs = (1...architecture.stages).map { stage in
      Self.memory(of: architecture, stage: stage, strategy, batch: training.batch)
    }
    let limits = StageLimits(caps: participation.caps, fleet: fleet, needs: needs)
    guard reading.isSound("groups", "devices", "participation") else { return limits }
    for group in limits.incapable(of: fleet) {
      let path = "groups.\(group.name).device"
      reading.report(
        path,
        "\(path) has a memory of \(group.device.memory ?? .zero), but training the first stage takes "
          + "\(needs[0])",
        remedy: "give it more memory, or lower training.batch")
    }
    // Of a model that grows, clients of little memory train what they can.
    // A plan doesn't tell how many a round needs.
    guard !strategy.grows, !reading.isPlan, reading.isSound("strategy", "groups") else {
      return limits
    }
    let able = (0..<clients).count { limits[$0] == nil }
    let needed = max(1, rules.minimumClients)
    if able < needed {
      reading.report(
        "strategy",
        "strategy is \(strategy.rawValue), which trains all \(architecture.stages) blocks, but only "
          + "\(able) of \(clients) clients have the memory for that, by participation.caps and their "
          + "devices; a round needs \(needed)",
        remedy: "give more clients the whole model, or write strategy: progressive")
    }
    return limits
  }

  /// The memory that training a stage takes: the values of a batch, and four copies of the
  /// parameters.
  static func memory(
    of architecture: Architecture, stage: Int, _ strategy: Strategy, batch: Int
  ) -> ByteCount {
    let network = architecture.subModel(
      stage: stage,
      supervision: strategy.usesAllHeads && architecture.supportsAllHeads ? .all : .newest)
    return ByteCount(network.activationBytes(batch: batch) + 16 * network.parameterCount)
  }
}

extension Topology {
  /// The memory that a client's training of a stage, from 1, takes at its peak.
  package func memory(stage: Int) -> ByteCount {
    TopologyDraft.memory(
      of: architecture, stage: stage, strategy, batch: training.batch)
  }
}
