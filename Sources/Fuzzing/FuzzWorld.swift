import Codecs
import Bytes
import Federation
import Measures
import Progressive
import Wire

/// The small federation in which machines are fuzzed.
struct FuzzWorld {
  /// The digest of the plan that both sides agree on.
  let planDigest = Digest(of: [0])

  /// Two rounds at each of two stages.
  private static let schedule = GrowthSchedule(rounds: [2, 2])

  /// The text of the plan; as the digest isn't looked at by a broker that hands it out, any.
  static let text = PlanBytes(String(repeating: "a: b\n", count: 100))

  private let blocks = (0..<3).map { Digest(of: [1, UInt8($0)]) }
  private let heads = (0..<3).map { Digest(of: [2, UInt8($0)]) }

  /// The digests that messages may name: segments, models, the plan, and one that nobody knows.
  var digests: [Digest] {
    blocks + heads + [planDigest, planDigest, Digest(of: [9])]
      + (1...4).flatMap { round in
        let model = model(round: round)
        let shallow = Array(model.segments.prefix(1)) + model.shallowHeads
        return [Segment.base(of: model.segments), Segment.base(of: shallow)]
      }
  }

  /// The model of a round: two rounds at each of two stages.
  func model(round: Int) -> PreparedModel {
    let stage = round < 3 ? 1 : 2
    func segment(_ name: String, _ digest: Digest) -> Segment {
      let step = ModelPatch(
        digest: digest, length: 100, codec: .values(.dense32), from: nil, to: digest.prefix)
      return Segment(name: name, state: digest, trained: true, steps: [step])
    }
    let model = (0..<stage).map { segment("block\($0 + 1)", blocks[$0]) }
    return PreparedModel(
      phase: Self.schedule.phase(in: round),
      segments: model + [segment("head\(stage)", heads[stage - 1])],
      updateLimit: 1000, shallowHeads: stage > 1 ? [segment("head1", heads[0])] : [])
  }

  /// A plan with any of the policies.
  func plan(_ messages: inout RandomMessages) -> BrokerPlan {
    let stragglers: [StragglerPolicy] = [
      .discard, .nextRound(maximalStaleness: 1), .nextRound(maximalStaleness: 2),
      .buffered(size: 2, maximalStaleness: 2),
    ]
    let rules = RoundRules(
      clientsPerRound: 1 + messages.number(3), overSelection: [1, 1.5, 3][messages.number(3)],
      sampling: Sampling.allCases[messages.number(3)],
      weighting: Weighting.allCases[messages.number(2)],
      stragglers: stragglers[messages.number(4)],
      quorum: messages.number(2) == 0 ? 1 : nil, deadline: .seconds(30))
    var plan = BrokerPlan(
      run: 77, epoch: 1, seed: 5, digest: planDigest, clients: 3,
      schedule: Self.schedule, learningRate: 0.1, learningRateSchedule: .constant,
      updateCodec: .dense32, rules: rules, limits: ProtocolLimits())
    if messages.number(4) > 0 { plan.text = Self.text }
    if messages.number(2) == 0 {
      plan.evaluation = EvaluationRules(clients: .all, classes: 10)
      plan.dealtHoldOuts = [1, 1, 1]
    }
    return plan
  }
}
