import Codecs
import Measures
import Tensors
import Testing

@Suite struct SharedReferenceTests {
  private static let layout = ParameterLayout(
    name: "block1",
    parameters: [
      Parameter("weight", [50, 100], role: .weight), Parameter("bias", [50], role: .bias),
    ])

  private func model(seed: UInt64) -> ParameterVector {
    ParameterVector(layout: Self.layout, scalars: Samples.update(Self.layout.count, seed: seed))
  }

  @Test(arguments: ["stc5", "eden1mse", "topk1+linear4", "linear4+zstd"])
  func `both ends hold the same bits`(text: String) throws {
    let codec = UpdateCodec(try CodecSpec(parsing: text))
    let dense = UpdateCodec(.dense32)
    var (broker, keyframe) = try SharedReference.keyframe(
      of: model(seed: 0), codec: dense, key: 0)
    var client = SharedReference(keyframe: try dense.decode(keyframe, layout: Self.layout))
    for round in 1...10 {
      let delta = try broker.advance(
        towards: model(seed: UInt64(round)), codec: codec, key: UInt64(round))
      try client.apply(delta, codec: codec)
      #expect(client == broker)
    }
    #expect(client.version == 10)
  }

  @Test(arguments: ["stc5", "eden1mse", "topk5"])
  func `a model that stands still is reached`(text: String) throws {
    let codec = UpdateCodec(try CodecSpec(parsing: text))
    let model = model(seed: 7)
    var reference = SharedReference(
      keyframe: ParameterVector(
        layout: Self.layout, scalars: Array(repeating: 0, count: Self.layout.count)))
    for round in 0..<200 {
      _ = try reference.advance(towards: model, codec: codec, key: UInt64(round))
    }
    #expect(Samples.relativeError(reference.values.scalars, of: model.scalars) < 1e-3)
  }

  @Test func `a coarse keyframe starts both ends from what was decoded`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "eden4"))
    let (broker, bytes) = try SharedReference.keyframe(
      of: model(seed: 1), version: 40, codec: codec, key: 9)
    let decoded = try codec.decode(bytes, layout: Self.layout)
    #expect(broker == SharedReference(keyframe: decoded, version: 40))
    #expect(broker.values != model(seed: 1))
  }

  @Test func `a corrupt difference leaves the reference as it was`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "stc5"))
    var reference = SharedReference(keyframe: model(seed: 2))
    let before = reference
    #expect(throws: CodecError.self) { try reference.apply([1, 2, 3], codec: codec) }
    #expect(reference == before)
  }
}
