public import Codecs
public import Tensors

/// The weighted mean of encoded updates, folded one after the other in memory of one model.
///
/// x += Σ wᵢ Δᵢ / Σ wᵢ (FedAvg; McMahan et al., AISTATS 2017, with the weights of the clients' samples).
/// Additions of floats don't commute in their last bits, so callers fold in the order of the clients'
/// numbers: then arrival order changes nothing.
public struct Aggregator: Sendable {
  /// The segments that updates consist of, in the order in which their bytes follow each other.
  public let layouts: [ParameterLayout]
  /// How updates are encoded.
  public let codec: UpdateCodec

  private let totalWeight: Double
  private var sums: [[Float]]

  /// An aggregator of updates of `layouts` whose weights add up to `totalWeight`.
  public init(layouts: [ParameterLayout], codec: UpdateCodec, totalWeight: Double) {
    precondition(totalWeight > 0, "a total weight of \(totalWeight)")
    self.layouts = layouts
    self.codec = codec
    self.totalWeight = totalWeight
    sums = layouts.map { Array(repeating: 0, count: $0.count) }
  }

  /// Adds the update of a client of the given weight.
  ///
  /// - Parameters:
  ///   - update: The encoded segments, framed by ``UpdateFraming``.
  ///   - weight: The client's weight, such as its samples.
  /// - Throws: `CodecError` if the bytes aren't an update of these layouts.
  public mutating func fold(_ update: [UInt8], weight: Double) throws(CodecError) {
    let parts = try UpdateFraming.split(update, count: layouts.count)
    let share = Float(weight / totalWeight)
    for (index, part) in parts.enumerated() {
      try codec.fold(part, layout: layouts[index], weight: share, into: &sums[index])
    }
  }

  /// The mean of all that was folded, in the order of the layouts.
  public var mean: [ParameterVector] {
    zip(layouts, sums).map { ParameterVector(layout: $0, scalars: $1) }
  }
}
