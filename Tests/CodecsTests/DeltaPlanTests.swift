import Codecs
import Measures
import Tensors
import Testing

@Suite struct DeltaPlanTests {
  /// 320 values, each tensor of them small.
  private static let small = ParameterLayout(
    name: "block1",
    parameters: [
      Parameter("conv.weight", [32, 1, 3, 3], role: .weight),
      Parameter("conv.bias", [32], role: .bias),
    ])

  private func plan(_ codec: String, keyframeEvery: Int? = nil) throws -> DeltaPlan {
    DeltaPlan(codec: UpdateCodec(try CodecSpec(parsing: codec)), keyframeEvery: keyframeEvery)
  }

  private func needsKeyframe(
    _ plan: DeltaPlan, of layout: ParameterLayout = UpdateCodecTests.layout,
    by keyframe: String = "linear8", after rounds: Int = 1, steps: Int = 2, differences: Int = 0
  ) throws -> Bool {
    plan.needsKeyframe(
      of: layout, by: UpdateCodec(try CodecSpec(parsing: keyframe)), after: rounds, steps: steps,
      differences: ByteCount(differences))
  }

  @Test func `a keyframe comes when it is due, or when differences outweigh it`() throws {
    let size = UpdateCodec(try CodecSpec(parsing: "linear8"))
      .expectedSize(of: UpdateCodecTests.layout).bytes
    #expect(try !needsKeyframe(plan("stc1"), differences: size))
    #expect(try needsKeyframe(plan("stc1"), differences: size + 1))
    let timed = try plan("stc1", keyframeEvery: 5)
    #expect(try !needsKeyframe(timed, after: 4, differences: 9 * size))
    #expect(try needsKeyframe(timed, after: 5))
    #expect(try needsKeyframe(timed, steps: DeltaPlan.maximalSteps))
  }

  @Test(arguments: ["stc1", "linear8", "dense32"])
  func `small tensors go down whole, since a difference saves nothing`(codec: String) throws {
    #expect(try needsKeyframe(plan(codec, keyframeEvery: 1000), of: Self.small))
  }

  @Test func `a difference as large as a keyframe that loses something is still a difference`()
    throws
  {
    // With the same bits a difference says the model more exactly.
    for codec in ["linear8", "dense32"] {
      #expect(try !needsKeyframe(plan(codec, keyframeEvery: 1000)))
    }
    #expect(try needsKeyframe(plan("dense32", keyframeEvery: 1000), by: "dense32"))
    #expect(try !needsKeyframe(plan("stc1", keyframeEvery: 1000), by: "dense32"))
  }
}
