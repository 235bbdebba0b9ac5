import Codecs
import Measures
import Tensors
import Testing

@Suite struct ResidualTests {
  private static let layout = ParameterLayout(
    name: "block1", parameters: [Parameter("weight", [40, 100], role: .weight)])
  private static let head = ParameterLayout(
    name: "head1", parameters: [Parameter("weight", [10, 200], role: .weight)])

  private func update(_ layout: ParameterLayout, seed: UInt64) -> ParameterVector {
    ParameterVector(layout: layout, scalars: Samples.update(layout.count, seed: seed))
  }

  @Test(arguments: ["stc1", "topk5", "sign", "eden1mse"])
  func `what is sent and what is left out add up to all updates`(text: String) throws {
    let codec = UpdateCodec(try CodecSpec(parsing: text))
    var residual = Residual()
    var updates = [Double](repeating: 0, count: Self.layout.count)
    var sent = updates
    for round in 0..<30 {
      let update = update(Self.layout, seed: UInt64(round))
      let encoded = try residual.encode(update, codec: codec, key: UInt64(round))
      let decoded = try codec.decode(encoded.bytes, layout: Self.layout)
      residual.commit(encoded)
      for index in updates.indices {
        updates[index] += Double(update.scalars[index])
        sent[index] += Double(decoded.scalars[index])
      }
    }
    let leftOut = try #require(residual.segments["block1"]).scalars
    for index in updates.indices
    where abs(sent[index] + Double(leftOut[index]) - updates[index]) > 1e-5 {
      Issue.record("value \(index) is lost")
    }
  }

  @Test func `with feedback a top-k mean approaches the repeated update`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "topk10"))
    let update = update(Self.layout, seed: 3)
    func error(feedback: Bool) throws -> Double {
      var residual = Residual()
      var sums = [Float](repeating: 0, count: Self.layout.count)
      for round in 0..<50 {
        let encoded = try residual.encode(update, codec: codec, key: UInt64(round))
        try codec.fold(encoded.bytes, layout: Self.layout, weight: 1 / 50, into: &sums)
        if feedback { residual.commit(encoded) }
      }
      return Samples.relativeError(sums, of: update.scalars)
    }
    #expect(try error(feedback: true) < error(feedback: false) / 10)
  }

  @Test func `growth keeps the blocks and drops the head`() throws {
    let codec = UpdateCodec(try CodecSpec(parsing: "stc5"))
    var residual = Residual()
    for layout in [Self.layout, Self.head] {
      residual.commit(try residual.encode(update(layout, seed: 1), codec: codec, key: 1))
    }
    let block = residual.segments["block1"]
    let grown = ParameterLayout(
      name: "block2", parameters: [Parameter("weight", [5000], role: .weight)])
    residual.adapt(to: [Self.layout, grown])
    #expect(residual.segments == ["block1": block].compactMapValues { $0 })
    let fresh = update(grown, seed: 4)
    #expect(residual.compensated(fresh) == fresh)
  }

  @Test func `a checkpoint restores it`() throws {
    var residual = Residual()
    let codec = UpdateCodec(try CodecSpec(parsing: "sign"))
    residual.commit(try residual.encode(update(Self.head, seed: 1), codec: codec, key: 1))
    #expect(Residual(Array(residual.segments.values)) == residual)
  }
}
