import Codecs
import Federation
package import Measures
import Models
import Neural
import Progressive
import Tensors

/// The expected cost of a topology before anything runs: payload bytes both ways, and computation.
///
/// It is expected that all clients are there, that every selected one's update is accepted, and
/// that a client asks for no block that it has. The bytes are those of models and updates:
/// envelopes, framing, announcements and repairs come on top.
package struct TopologyCheck: Hashable, Sendable, Codable {
  /// The run's name.
  package var name: String
  /// The model's name.
  package var model: String
  /// The samples in words where they are somebody's own; nil for a known data set.
  package var samples: String?
  /// The number of clients.
  package var clients: Int
  /// The number of clients that train in each round.
  package var clientsPerRound: Int
  /// The end of a round in words; nil where it waits for all clients that it asks.
  package var roundEnd: String?
  /// All rounds.
  package var rounds: Int
  /// The stages in order.
  package var stages: [StageForecast]
  /// The evaluations by clients; nil where there are none.
  package var evaluation: EvaluationForecast?
  /// The payload that all clients receive, to train and to evaluate.
  package var down: ByteCount
  /// The payload that all clients send.
  package var up: ByteCount
  /// The bytes that the same rounds move each way with the full model in 32-bit floats.
  package var fullModel: ByteCount
  /// The computation in terms of what the same rounds would take with the full model.
  package var computation: Double
  /// True if the sizes don't depend on the values that are sent.
  package var isExact: Bool
  /// The groups and the sub-models that their clients are expected to train beside each other; nil
  /// where all train the round's.
  package var depths: [GroupDepth]?
  /// The expected length of a round of the full model; nil where depths aren't chosen by time.
  package var roundSeconds: Double?
  /// The turns by which rounds of the full model train parts of it, in words; nil where all train
  /// all of it.
  package var parts: String?
  /// Settings that are allowed, but should be thought over.
  package var warnings: [String]

  /// Forecasts what `topology` takes.
  package init(_ topology: Topology) {
    let architecture = topology.architecture
    let last = architecture.stages
    let forecast = DepthForecast(topology)
    let downs = DownForecast(topology, depths: forecast)
    stages = (1...last).map {
      StageForecast($0, of: topology, down: downs.bytes[$0 - 1], depths: forecast)
    }
    depths = forecast?.groups
    parts = topology.growthSchedule.parts?.canonical
    roundSeconds = forecast?.length.seconds
    evaluation = EvaluationForecast(topology, down: downs.evaluations)
    name = topology.name
    model = architecture.name
    samples = topology.data.ownText
    clients = topology.clients
    clientsPerRound = topology.rules.clientsPerRound
    roundEnd = topology.rules.endText
    rounds = topology.rounds
    down = stages.reduce(evaluation?.down ?? .zero) { $0 + $1.down }
    up = stages.reduce(.zero) { $0 + $1.up }
    let full = 4 * Double(architecture.parameterCount(stage: last))
    fullModel = ByteCount(
      estimate: full * Double(topology.rules.clientsPerRound) * Double(topology.rounds))
    let flops = stages.reduce(0.0) { $0 + $1.flops }
    let fullFLOPs = Double(architecture.trainingFLOPs(stage: last)) * Double(topology.rounds)
    computation = fullFLOPs > 0 ? flops / fullFLOPs : 1
    let codecs = topology.codecs
    isExact =
      forecast == nil && codecs.early == nil && topology.growthSchedule.trigger == .planned
      && (1...last).flatMap { topology.layouts(stage: $0) }.allSatisfy { layout in
        codecs.up.exactSize(of: layout) != nil && codecs.down.exactSize(of: layout) != nil
          && codecs.delta.map { $0.codec.exactSize(of: layout) != nil } ?? true
      }
    warnings = codecs.warnings + topology.growthWarnings + topology.depthWarnings
    if topology.training.correction == .scaffold, codecs.errorFeedback {
      warnings.append(
        "training: SCAFFOLD takes an update for the mean of its round's gradients, but with error feedback "
          + "what earlier ones left out is in it; an unbiased codec, as in eden2, needs none")
    }
  }

  /// The full model's bytes divided by the expected ones, both ways together.
  package var saving: Double { 2 * Double(fullModel.bytes) / Double(max(1, (down + up).bytes)) }
}

extension RoundRules {
  /// The end of a round by its quorum in words; nil where it ends otherwise.
  fileprivate var endText: String? {
    guard let quorum else { return nil }
    let more =
      switch grace {
      case .time(let time): "\(Cursor.decimal(time.seconds)) s"
      case .share(let share):
        "\(Cursor.decimal((1e4 * share.value).rounded() / 100)) % of their time"
      }
    return "a round waits for \(quorum) of \(clientsAsked) updates and \(more) more, "
      + "\(Cursor.decimal(deadline.seconds)) s at most"
  }
}

extension StageForecast {
  /// The expected cost of step `step` of `topology`.
  fileprivate init(
    _ step: Int, of topology: Topology, down expected: Double, depths: DepthForecast?
  ) {
    let schedule = topology.growthSchedule
    let before = schedule.rounds.prefix(step - 1).reduce(0, +)
    let phases = (0..<schedule.rounds[step - 1]).map { schedule.phase(in: before + $0 + 1) }
    let depth = phases.first?.stage ?? step
    let network = topology.subModel(stage: depth)
    let codecs = topology.codecs
    stage = step
    rounds = phases.count
    warmUpRounds = phases.count { $0.warmUp }
    parameters = network.parameterCount
    modelSize = ByteCount(
      network.layouts.reduce(0) { $0 + codecs.down.expectedSize(of: $1).bytes })
    updateSize = ByteCount(network.layouts.reduce(0) { $0 + codecs.up.expectedSize(of: $1).bytes })
    flopsPerSample = network.trainingFLOPs
    memory = topology.memory(stage: depth)
    (up, flops) = (.zero, 0)
    var known: [Set<Int>: Double] = [:]
    var sent = 0.0
    for phase in phases {
      let codec = codecs.up(in: phase)
      let rule = phase.warmUp ? nil : depths
      for depth in (rule == nil ? phase.stage : 1)...phase.stage {
        let share = rule?.share(of: depth, in: phase.stage) ?? 1
        guard share > 0 else { continue }
        let network = topology.subModel(stage: depth)
        let names = Set(phase.trainedSegments(depth: depth).map(\.description))
        let trained = Set(
          network.layouts.indices.filter { names.contains(network.layouts[$0].name) })
        sent +=
          share
          * trained.reduce(0) {
            $0 + Double(codec.expectedSize(of: network.layouts[$1]).bytes)
          }
        let cost = known[trained] ?? Double(network.trainingFLOPs(trainable: trained))
        known[trained] = cost
        flops += share * cost
      }
    }
    up = ByteCount(estimate: Double(topology.rules.clientsPerRound) * sent)
    down = ByteCount(estimate: Double(topology.rules.clientsAsked) * expected)
  }
}

/// The expected cost of one stage, or of one step of a strategy whose model doesn't grow.
package struct StageForecast: Hashable, Sendable, Codable {
  /// The stage, from 1.
  package var stage: Int
  /// Its rounds.
  package var rounds: Int
  /// Those of them that train the newest block and its head only.
  package var warmUpRounds: Int
  /// The scalars of its sub-model.
  package var parameters: Int
  /// The bytes of the sub-model as one client receives it, without any block that it has.
  package var modelSize: ByteCount
  /// The bytes of one client's update of the whole sub-model.
  package var updateSize: ByteCount
  /// The multiplications and additions of a training step for one sample that trains all of it.
  package var flopsPerSample: Int
  /// The memory that a client's training takes at its peak.
  package var memory: ByteCount
  /// The operations of all of its rounds, for one sample in each, on the trained segments.
  package var flops: Double
  /// The payload that all clients receive in all of its rounds.
  package var down: ByteCount
  /// The payload that all clients send in all of its rounds.
  package var up: ByteCount
}
