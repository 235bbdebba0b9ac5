import Bytes
import Codecs
import Federation
import Tensors
import Testing
import Wire

struct StepBoundsTests {
  private static let layout = ParameterLayout(
    name: "block1", parameters: [Parameter("weight", Shape([100, 10]), role: .weight)])
  private let bounds = StepBounds([layout], smallTensorLimit: 10)

  private func problem(
    _ name: String, _ length: Int, _ codec: PatchCodec = .values(.dense32)
  ) -> String? {
    let step = ModelPatch(digest: Digest(of: [1]), length: length, codec: codec, from: nil, to: 1)
    let state = Digest(of: [2])
    return bounds.problem(
      of: [Segment(name: name, state: state, trained: true, steps: [step])])
  }

  @Test func `a step has as many bytes as its codec makes of the plan's layout`() throws {
    #expect(problem("block1", 4000) == nil)
    #expect(problem("block1.control", 4000) == nil)
    #expect(problem("block1", 4001)?.contains("at most 4000") == true)
    #expect(problem("block1.control", 4001) != nil)
    let linear = try #require(PatchCodec("linear8"))
    #expect(problem("block1", 1000, linear) == nil && problem("block1", 4000, linear) != nil)
    #expect(problem("block1", 8, .initial) == nil && problem("block1", 9, .initial) != nil)
    #expect(problem("block2", 8, .initial)?.contains("doesn't have") == true)
  }

  @Test func `a client declines what the plan's model can't have`() {
    var limits = ProtocolLimits()
    limits.stepBounds = bounds
    var bench = ClientBench(limits: limits)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    let actions = bench.announce(1)
    #expect(actions.trains == nil)
    let declined = actions.sent.contains {
      if case .decline(.failed, let detail) = $0 { detail.contains("announced") } else { false }
    }
    #expect(declined, "\(actions.sent)")
    #expect(actions.allSatisfy { if case .subscribe = $0 { false } else { true } })
  }
}
