import Codecs
import Federation
import Measures
import Models
import Progressive
import Tensors

/// The expected bytes of the model that one participating client receives, for each step of the
/// strategy.
///
/// A step is needed by whoever didn't take part since it was made: with k of n clients in each
/// round, after t rounds that is a share of (1 − k/n)ᵗ. It is expected that each round changes what
/// it trains. Clients that evaluate a round's model have it in the next round.
struct DownForecast {
  /// The bytes, by step, summed over its rounds.
  let bytes: [Double]
  /// The bytes of the models of all evaluations, summed over the clients that evaluate.
  let evaluations: Double

  init(_ topology: Topology, depths: DepthForecast? = nil) {
    let schedule = topology.growthSchedule
    let idle = 1 - min(1, Double(topology.rules.clientsAsked) / Double(topology.clients))
    let stages = 1...topology.architecture.stages
    let broadcast = ModelBroadcast(
      topology.codecs, layouts: stages.map { topology.layouts(stage: $0) })
    let isCorrected = topology.training.correction == .scaffold
    var source = ExpectedSource(topology: topology)
    var segments = SentSegments<ExpectedSegment>()
    var variates = isCorrected ? SentSegments<ExpectedSegment>() : nil
    var sums = Array(repeating: 0.0, count: schedule.stages)
    var evaluations = 0.0
    let rules = topology.evaluationRules
    var evaluators: [Int: Int] = [:]
    // The share of the clients that weren't sent what was sent last.
    var missed = 1.0
    for round in 1..<schedule.totalRounds + 1 {
      let phase = schedule.phase(in: round)
      for name in phase.segments {
        segments.references[name]?.age(missed)
        guard phase.trains(name) else { continue }
        // Clients forget it in a round that doesn't train the segment, and lack all of it
        // afterwards.
        let isHeld = source.lastTrained[name] == round - 1
        if isHeld {
          variates?.references[name]?.age(idle)
        } else {
          variates?.references[name]?.forget()
        }
      }
      let model = broadcast.prepare(
        phase, segments: &segments, variates: &variates, from: source)
      let rule = phase.warmUp ? nil : depths
      for (name, (sent, _)) in zip(phase.segments, model.segments) {
        sums[phase.step - 1] += sent.expected * (rule?.need(of: name, in: phase.stage) ?? 1)
      }
      if let rule {
        for depth in 1..<phase.stage where !phase.heads.contains(depth) {
          let head = topology.layouts(stage: depth).last
          let size = head.map { topology.codecs.down.expectedSize(of: $0).bytes } ?? 0
          sums[phase.step - 1] += Double(size) * rule.need(of: .head(depth), in: phase.stage)
        }
      }
      for sent in model.variates { sums[phase.step - 1] += sent.expected }
      for name in phase.segments where phase.trains(name) {
        segments.changed.insert(name)
        variates?.changed.insert(name)
        source.lastTrained[name] = round
      }
      missed = idle
      guard let rules, rules.isDue(after: round, of: schedule.totalRounds) else { continue }
      let count = evaluators[phase.stage] ?? topology.evaluators(of: phase.stage, rules)
      evaluators[phase.stage] = count
      for name in phase.segments { segments.references[name]?.age(missed) }
      var none: SentSegments<ExpectedSegment>?
      let evaluated = broadcast.prepare(
        phase.followedInStage, segments: &segments, variates: &none, from: source)
      for (sent, _) in evaluated.segments { evaluations += Double(count) * sent.expected }
      missed = 1 - min(1, Double(count) / Double(topology.clients))
    }
    bytes = sums
    self.evaluations = evaluations
  }
}

/// A segment as clients are expected to lack it.
private struct ExpectedSegment: SentSegment {
  /// The keyframe's round.
  private(set) var keyframeRound: Int
  /// The keyframe's bytes.
  private let keyframeSize: Double
  /// The differences since then.
  private var differences = (bytes: 0.0, count: 0)
  /// The bytes that a client of the next round is expected to lack.
  private var lacking: (keyframe: Double, differences: Double)

  /// A segment that begins with a keyframe, or with the `told` bytes of a seed.
  init(keyframe bytes: Double, round: Int, told: Double? = nil) {
    keyframeRound = round
    keyframeSize = bytes
    lacking = (told ?? bytes, 0)
  }

  /// The bytes that a client is expected to receive.
  var expected: Double { lacking.keyframe + lacking.differences }
  var differenceCount: Int { differences.count }
  var differenceSize: ByteCount { ByteCount(Int(differences.bytes)) }

  /// A round passes, in which a share `idle` of the clients takes no part.
  mutating func age(_ idle: Double) {
    lacking.keyframe *= idle
    lacking.differences *= idle
  }

  /// No client holds any of it any more.
  mutating func forget() { lacking = (keyframeSize, differences.bytes) }

  /// A difference is added to those before, or takes the place of them.
  mutating func add(difference bytes: Double, from reference: DeltaPlan.Reference) {
    switch reference {
    case .last:
      differences = (differences.bytes + bytes, differences.count + 1)
      lacking.differences += bytes
    case .anchor:
      differences = (bytes, 1)
      lacking.differences = bytes
    }
  }
}

/// Makes steps out of the sizes that are to be expected; clients are supposed to train the whole
/// sub-model.
private struct ExpectedSource: BroadcastSource {
  let topology: Topology
  /// The last round that trained each segment, which is when its control variate moved.
  var lastTrained: [SegmentName: Int] = [:]

  func has(_ name: SegmentName) -> Bool {
    name.corrected.map { lastTrained[$0] != nil } ?? false
  }

  func isFresh(_ name: SegmentName, in phase: Phase) -> Bool {
    topology.tellsSeed(of: name, in: phase)
  }

  func send(
    _ segment: OutgoingSegment, by step: BroadcastStep<ExpectedSegment>, in phase: Phase
  ) -> ExpectedSegment {
    let size = Double(topology.codecs.down.expectedSize(of: segment.layout).bytes)
    switch step {
    case .initial:
      return ExpectedSegment(
        keyframe: size, round: phase.round, told: Double(FreshValues.byteCount))
    case .keyframe:
      return ExpectedSegment(keyframe: size, round: phase.round)
    case .difference(let plan, after: var next):
      let bytes = Double(plan.codec.expectedSize(of: segment.layout).bytes)
      next.add(difference: bytes, from: plan.reference)
      return next
    }
  }
}
