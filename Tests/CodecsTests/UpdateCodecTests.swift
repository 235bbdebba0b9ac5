import Codecs
import Measures
import Tensors
import Testing

@Suite struct UpdateCodecTests {
  static let layout = ParameterLayout(
    name: "block1",
    parameters: [
      Parameter("conv.weight", [64, 64, 3, 3], role: .weight),
      Parameter("conv.bias", [64], role: .bias),
      Parameter("norm.weight", [64], role: .scale),
      Parameter("norm.mean", [2048], role: .buffer),
      Parameter("linear.weight", [10, 200], role: .weight),
    ])

  private func values(seed: UInt64) -> ParameterVector {
    ParameterVector(
      layout: Self.layout, scalars: Samples.update(Self.layout.count, seed: seed))
  }

  @Test(arguments: Samples.codecs)
  func `small tensors and buffers arrive exactly, the others as coded`(text: String) throws {
    let codec = UpdateCodec(try CodecSpec(parsing: text))
    let values = values(seed: 91)
    let bytes = try codec.encode(values, key: 5)
    let decoded = try codec.decode(bytes, layout: Self.layout)
    for index in 1...3 { #expect(decoded.tensor(index) == values.tensor(index)) }
    if text != "dense32" {
      for index in [0, 4] { #expect(decoded.tensor(index) != values.tensor(index)) }
    }
    if let exact = codec.exactSize(of: Self.layout) { #expect(exact.bytes == bytes.count) }
    #expect(bytes.count <= codec.maximumSize(of: Self.layout).bytes)
  }

  @Test func `sizes add up without headers`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "linear8+random25"))
    let kept = 36_864 / 4 + 2000 / 4
    let dense = 4 * (64 + 64 + 2048)
    // A seed for the message, a range for each coded tensor.
    #expect(codec.exactSize(of: Self.layout)?.bytes == 8 + 2 * 8 + kept + dense)
  }

  @Test func `a segment without coded tensors has no seed`() throws {
    let small = ParameterLayout(
      name: "head1", parameters: [Parameter("bias", [10], role: .bias)])
    let codec = UpdateCodec(try CodecSpec(parsing: "eden1"))
    #expect(codec.exactSize(of: small)?.bytes == 40)
  }

  @Test func `a segment can have a codec of its own`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "eden1"), overrides: ["block1": .dense32])
    let values = values(seed: 92)
    #expect(try codec.decode(codec.encode(values, key: 1), layout: Self.layout) == values)
  }

  @Test func `folding is atomic`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "topk1"))
    var bytes = try codec.encode(values(seed: 93), key: 1)
    bytes.removeLast()
    let before = Samples.normal(Self.layout.count, seed: 94)
    var sums = before
    #expect(throws: CodecError.self) {
      try codec.fold(bytes, layout: Self.layout, weight: 1, into: &sums)
    }
    #expect(sums == before)
  }

  @Test func `equal tensors of a segment draw different randomness`() throws {
    let twins = ParameterLayout(
      name: "twins",
      parameters: (0..<2).map { Parameter("\($0)", [2000], role: .weight) })
    let half = Samples.normal(2000, seed: 95)
    let codec = UpdateCodec(try CodecSpec(parsing: "random10"))
    let bytes = try codec.encode(ParameterVector(layout: twins, scalars: half + half), key: 1)
    let decoded = try codec.decode(bytes, layout: twins)
    #expect(decoded.tensor(0) != decoded.tensor(1))
  }

  @Test func `a value that isn't finite is named by its place in the segment`() throws {
    var values = values(seed: 96)
    values.scalars[37_000] = .nan
    #expect(throws: CodecError.notFinite(index: 37_000)) {
      try UpdateCodec(CodecSpec(parsing: "eden1")).encode(values, key: 1)
    }
  }
}
