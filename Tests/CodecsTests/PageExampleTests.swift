import Codecs
import Tensors
import Testing

/// The examples of the module's page, as they stand there.
@Suite struct PageExampleTests {
  private let update: ParameterVector

  init() {
    let layout = ParameterLayout(
      name: "block1", parameters: [Parameter("weight", [64, 32], role: .weight)])
    update = ParameterVector(
      layout: layout, scalars: (0..<2048).map { Float($0 % 17) * 0.01 - 0.08 })
  }

  @Test func `values become bytes and values again`() throws {
    let values = update.scalars
    let codec = Codec(try CodecSpec(parsing: "topk1+linear4"))
    let bytes = try codec.encode(values, key: 7)
    let decoded = try codec.decode(bytes, count: values.count)
    #expect(decoded.count == values.count && bytes.count < 64)
    #expect(decoded.count { $0 != 0 } <= 21)
  }

  @Test func `a broker adds an update's bytes to its sums`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "eden1"))
    let bytes = try codec.encode(update, key: 7)
    try codec.check(bytes, layout: update.layout)
    var sums = [Float](repeating: 0, count: update.layout.count)
    try codec.fold(bytes, layout: update.layout, weight: 0.5, into: &sums)
    #expect(sums == (try codec.decode(bytes, layout: update.layout)).scalars.map { 0.5 * $0 })
  }

  @Test func `a client keeps the error until the update counts`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "stc1"))
    var residual = Residual()
    let encoded = try residual.encode(update, codec: codec, key: 7)
    #expect(residual.segments.isEmpty)
    residual.commit(encoded)
    #expect(residual.segments["block1"] == encoded.leftOut)
  }
}
