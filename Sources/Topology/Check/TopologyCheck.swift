import Codecs
import Federation
package import Measures
import Models
import Progressive
import Tensors

/// What a topology is expected to take before anything runs: payload bytes both ways, computation.
///
/// It is expected that all clients are there, that every selected one's update is accepted, and that a
/// client asks for no block that it has. The bytes are those of models and updates: envelopes, framing,
/// announcements and repairs come on top.
package struct TopologyCheck: Hashable, Sendable, Codable {
  /// What the run is called.
  package var name: String
  /// The model's name.
  package var model: String
  /// How many clients there are.
  package var clients: Int
  /// How many of them train in each round.
  package var clientsPerRound: Int
  /// All rounds.
  package var rounds: Int
  /// The stages in order.
  package var stages: [StageForecast]
  /// The payload that all clients receive.
  package var down: ByteCount
  /// The payload that all clients send.
  package var up: ByteCount
  /// What the same rounds would move each way with the full model in 32-bit floats.
  package var fullModel: ByteCount
  /// The computation in terms of what the same rounds would take with the full model.
  package var computation: Double
  /// Whether the sizes don't depend on the values that are sent.
  package var isExact: Bool
  /// What is allowed, but should be thought over.
  package var warnings: [String]

  /// Forecasts what `topology` takes.
  package init(_ topology: Topology) {
    let architecture = topology.architecture
    let last = architecture.stages
    let downs = DownForecast(topology).bytes
    stages = (1...last).map { StageForecast($0, of: topology, down: downs[$0 - 1]) }
    name = topology.name
    model = architecture.name
    clients = topology.clients
    clientsPerRound = topology.rules.clientsPerRound
    rounds = topology.rounds
    down = stages.reduce(.zero) { $0 + $1.down }
    up = stages.reduce(.zero) { $0 + $1.up }
    let full = 4 * architecture.parameterCount(stage: last)
    fullModel = ByteCount(full * topology.rules.clientsPerRound * topology.rounds)
    let flops = stages.reduce(0.0) { $0 + $1.flops(of: topology) }
    let fullFLOPs = Double(architecture.trainingFLOPs(stage: last)) * Double(topology.rounds)
    computation = fullFLOPs > 0 ? flops / fullFLOPs : 1
    let codecs = topology.codecs
    isExact =
      codecs.young == nil
      && (1...last).flatMap { architecture.layouts(stage: $0) }.allSatisfy { layout in
        codecs.up.exactSize(of: layout) != nil && codecs.down.exactSize(of: layout) != nil
          && codecs.delta.map { $0.codec.exactSize(of: layout) != nil } ?? true
      }
    warnings = codecs.warnings
  }

  /// How many times fewer bytes than with the full model are moved, both ways together.
  package var saving: Double { 2 * Double(fullModel.bytes) / Double(max(1, (down + up).bytes)) }
}

extension StageForecast {
  /// What stage `stage` of `topology` is expected to take.
  fileprivate init(_ stage: Int, of topology: Topology, down expected: Double) {
    let schedule = topology.growthSchedule
    let layouts = topology.architecture.layouts(stage: stage)
    let (downs, ups) = (
      layouts.map { topology.codecs.down.expectedSize(of: $0).bytes },
      layouts.map { topology.codecs.up.expectedSize(of: $0).bytes }
    )
    self.stage = stage
    rounds = schedule.rounds[stage - 1]
    warmUpRounds = stage == 1 ? 0 : min(schedule.warmUpRounds, rounds)
    parameters = topology.architecture.parameterCount(stage: stage)
    modelSize = ByteCount(downs.reduce(0, +))
    updateSize = ByteCount(ups.reduce(0, +))
    flopsPerSample = topology.architecture.trainingFLOPs(stage: stage)
    let (perRound, asked) = (topology.rules.clientsPerRound, topology.rules.clientsAsked)
    // The newest block and the head come last.
    let young = topology.codecs.young
    up = .zero
    for round in 1..<rounds + 1 {
      var sizes = ups
      if let young, let spec = young.up, round <= young.rounds {
        let codec = UpdateCodec(spec, smallTensorLimit: topology.codecs.up.smallTensorLimit)
        sizes = layouts.map { codec.expectedSize(of: $0).bytes }
      }
      let sent = round <= warmUpRounds ? sizes.suffix(2).reduce(0, +) : sizes.reduce(0, +)
      up += ByteCount(perRound * sent)
    }
    down = ByteCount(Int((Double(asked) * expected).rounded()))
  }

  /// The computation of all rounds for one sample each.
  fileprivate func flops(of topology: Topology) -> Double {
    let segments = topology.architecture.layouts(stage: stage).count
    let warmUp = topology.architecture.trainingFLOPs(
      stage: stage, trainable: [segments - 2, segments - 1])
    return Double(warmUpRounds) * Double(warmUp)
      + Double(rounds - warmUpRounds) * Double(flopsPerSample)
  }
}
