import Codecs
import Federation
import Links
package import Measures
import Models
import Progressive

/// The expected cost of clients' evaluations of the model, between the rounds.
///
/// It is expected that all clients are there and hold something out, and that a client fetches no
/// block that it has. Each answers with one message of counts.
package struct EvaluationForecast: Hashable, Sendable, Codable {
  /// The number of evaluations.
  package var evaluations: Int
  /// The clients that take part in the last one.
  package var evaluators: Int
  /// The payload that all of them receive in all of the evaluations.
  package var down: ByteCount
  /// The time in seconds in which the last model crosses the slowest link; nil for links without
  /// limits.
  package var transferSeconds: Double?
  /// The time in seconds in which the slowest kind of device evaluates the last model on 100
  /// samples, its spread aside.
  package var secondsPer100Samples: Double

  /// The forecast for a topology whose evaluators receive `down` bytes in all; nil where clients
  /// evaluate nothing.
  init?(_ topology: Topology, down: Double) {
    guard let rules = topology.evaluationRules else { return nil }
    let rounds = topology.growthSchedule.totalRounds
    let last = topology.growthSchedule.phase(in: rounds).stage
    evaluations = (1...rounds).count { rules.isDue(after: $0, of: rounds) }
    evaluators = topology.evaluators(of: last, rules)
    self.down = ByteCount(estimate: down)
    let model = topology.layouts(stage: last).reduce(0) {
      $0 + topology.codecs.down.expectedSize(of: $1).bytes
    }
    if !topology.fleet.groups.allSatisfy({ $0.link == ClientGroup.unlimited }) {
      transferSeconds =
        topology.fleet.slowestChunk(model, participants: evaluators)?.time.seconds
    }
    let architecture = topology.architecture
    let operations = Double(architecture.forwardFLOPs(stage: last))
    let full = Double(architecture.trainingFLOPs(stage: architecture.stages))
    secondsPer100Samples =
      topology.fleet.groups.flatMap { group in
        [group.device.speed] + group.recordedDevices.map(\.speed)
      }
      .map { speed in
        speed.time(forSamples: 100, flopsPerSample: operations, fullFlopsPerSample: full).seconds
      }.max() ?? 0
  }

  /// The forecast in words, a line each.
  var lines: [String] {
    let each = ByteCount(down.bytes / max(1, evaluations))
    let transfer =
      transferSeconds.map { "the model takes \($0.fixed(2)) s over the slowest link, and " } ?? ""
    return [
      "evaluation: \(evaluations) times, the last one by \(evaluators) clients; \(each) down each time "
        + "on average, and a message of counts from each client",
      "of the last one \(transfer)100 samples take \(secondsPer100Samples.fixed(2)) s on the slowest "
        + "kind of device",
    ]
  }
}

extension Topology {
  /// The number of clients that evaluate a model of `stage` where all are there.
  func evaluators(of stage: Int, _ rules: EvaluationRules) -> Int {
    rules.count(of: (0..<clients).count { stageLimits[$0].map { $0 >= stage } ?? true })
  }
}
