import Codecs
import Federation
import Measures
import Tensors
import Testing

/// Each parameter is averaged over those who trained it.
@Suite struct AggregatorTests {
  private let codec = UpdateCodec(.dense32)

  private func layout(_ name: String, _ count: Int) -> ParameterLayout {
    ParameterLayout(name: name, parameters: [Parameter("weight", Shape([count]), role: .weight)])
  }

  private func update(_ parts: [(ParameterLayout, [Float])]) throws -> [UInt8] {
    try UpdateFraming.join(
      parts.map { layout, scalars in
        try codec.encode(ParameterVector(layout: layout, scalars: scalars), key: 1)
      })
  }

  @Test func `a segment counts the weights of those who cover it alone, the others stay away`()
    throws
  {
    let (block, head, shallow) = (layout("block1", 2), layout("head2", 1), layout("head1", 1))
    let whole = try update([(block, [1, 2]), (head, [4])])
    let capped = try update([(block, [5, 6]), (shallow, [8])])
    var aggregator = Aggregator()
    aggregator.expect([block, head], denominatorWeight: 3)
    aggregator.expect([block, shallow], denominatorWeight: 1)
    try aggregator.fold(whole, of: [block, head], codec: codec, weight: 3)
    try aggregator.fold(capped, of: [block, shallow], codec: codec, weight: 1)
    let means = Dictionary(
      uniqueKeysWithValues: aggregator.means.map { ($0.layout.name, $0.scalars) })
    #expect(means["block1"] == [2, 3])
    #expect(means["head2"] == [4])
    #expect(means["head1"] == [8])
    #expect(means.count == 3)
  }

  @Test func `a stale update's smaller weight makes its share smaller, or the whole step`() throws {
    let block = layout("block1", 1)
    func mean(denominatorWeight: Double) throws -> Float? {
      var aggregator = Aggregator()
      aggregator.expect([block], denominatorWeight: 1)
      aggregator.expect([block], denominatorWeight: denominatorWeight)
      try aggregator.fold(try update([(block, [3])]), of: [block], codec: codec, weight: 1)
      try aggregator.fold(try update([(block, [6])]), of: [block], codec: codec, weight: 0.5)
      return aggregator.means.first?.scalars.first
    }
    #expect(try mean(denominatorWeight: 0.5) == 4)  // (3 + ½·6) / 1½
    #expect(try mean(denominatorWeight: 1) == 3)  // (3 + ½·6) / 2, FedBuff's
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `the mean of all is the weighted mean, whatever each covers`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed).stream("aggregator")
    let layouts = (0..<4).map { layout("block\($0 + 1)", 3) }
    let updates = (0..<7).map { _ in
      (
        depth: Int.random(in: 1...4, using: &stream), weight: 1 + stream.uniform(),
        values: (0..<12).map { _ in Float(stream.normal()) }
      )
    }
    var aggregator = Aggregator()
    for (depth, weight, _) in updates {
      aggregator.expect(Array(layouts.prefix(depth)), denominatorWeight: weight)
    }
    for (depth, weight, values) in updates {
      let covered = Array(layouts.prefix(depth))
      let parts = covered.indices.map { (covered[$0], Array(values[3 * $0..<3 * $0 + 3])) }
      try aggregator.fold(try update(parts), of: covered, codec: codec, weight: weight)
    }
    for (index, mean) in aggregator.means.enumerated() {
      let covering = updates.filter { $0.depth > index }
      let total = covering.reduce(0) { $0 + $1.weight }
      for scalar in 0..<3 {
        let expected =
          covering.reduce(0) { $0 + $1.weight * Double($1.values[3 * index + scalar]) } / total
        #expect(abs(Double(mean.scalars[scalar]) - expected) < 1e-6)
      }
    }
  }

  @Test func `bytes that aren't an update of the segments are refused`() throws {
    let block = layout("block1", 2)
    var aggregator = Aggregator()
    aggregator.expect([block], denominatorWeight: 1)
    #expect(throws: CodecError.self) {
      try aggregator.fold([1, 2], of: [block], codec: codec, weight: 1)
    }
    let long = try update([(block, [1, 2]), (block, [1, 2])])
    #expect(throws: CodecError.self) {
      try aggregator.fold(long, of: [block], codec: codec, weight: 1)
    }
  }
}
