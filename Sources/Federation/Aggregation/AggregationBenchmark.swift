package import Codecs
import Measures
import Tensors

/// The speed of folding encoded updates into their mean, beside a loop that only adds bytes.
package struct AggregationBenchmark: Sendable {
  /// The measured figures.
  package struct Result: Hashable, Sendable, Encodable {
    /// The codec's canonical text.
    package let codec: String
    /// The values of an update.
    package let parameters: Int
    /// The number of updates that were folded.
    package let updates: Int
    /// Values folded in a second on one core, in 10⁹.
    package let gigaelementsPerSecond: Double
    /// Bytes scaled and added to an accumulator in a second by a plain C loop, in 10⁹: the limit.
    package let limitGigaelementsPerSecond: Double
    /// The former divided by the latter, measured in turns.
    package let ratio: Double
  }

  private let source: CodecBenchmark
  private let parameters: Int
  private let updates: Int

  /// A benchmark of `updates` updates of so many parameters; the fastest fold counts.
  package init(parameters: Int, updates: Int, seed: UInt64 = 1) {
    precondition(updates > 0, "\(updates) updates")
    source = CodecBenchmark(count: parameters, repetitions: 1, seed: seed)
    self.parameters = parameters
    self.updates = updates
  }

  /// Measures one codec on the calling thread.
  ///
  /// - Throws: `CodecError`, if the codec fails on its own bytes.
  package func measure(_ spec: CodecSpec, clock: some Clock<Duration>) throws -> Result {
    let layout = ParameterLayout(
      name: "block1", parameters: [Parameter("weight", Shape([parameters]), role: .weight)])
    let codec = UpdateCodec(spec, smallTensorLimit: 0)
    let update = UpdateFraming.join([
      try codec.encode(ParameterVector(layout: layout, scalars: source.values), key: 1)
    ])
    var aggregator = Aggregator()
    for _ in 0..<updates { aggregator.expect([layout], denominatorWeight: 1) }
    var fold = Duration.seconds(1e9)
    var limit = fold
    for _ in 0..<updates {
      fold = min(
        fold,
        try clock.measure {
          try aggregator.fold(update, of: [layout], codec: codec, weight: 1)
        })
      limit = min(limit, source.plainAddition(clock: clock))
    }
    let rate = { (time: Duration) in Double(parameters) / time.seconds / 1e9 }
    return Result(
      codec: spec.description, parameters: parameters, updates: updates,
      gigaelementsPerSecond: rate(fold), limitGigaelementsPerSecond: rate(limit),
      ratio: limit.seconds / fold.seconds)
  }
}
