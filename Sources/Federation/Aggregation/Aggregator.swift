public import Codecs
public import Tensors

/// The weighted mean of encoded updates, folded one after the other in memory of one model.
///
/// For each parameter x += Σ wᵢ Δᵢ / Σ mᵢ over the updates i that cover it (FedAvg; McMahan et al., AISTATS
/// 2017; over those that cover it as in HeteroFL; Diao et al., ICLR 2021): clients may have trained different
/// segments, and what nobody trained stays as it is. Weights w and masses m are the same unless stale
/// updates are to make smaller steps. Additions of floats don't commute in their last bits, so callers
/// fold in the order of the clients' numbers: then arrival order changes nothing.
public struct Aggregator: Sendable {
  private var layouts: [ParameterLayout] = []
  private var masses: [Double] = []
  private var sums: [[Float]] = []
  private var indices: [String: Int] = [:]

  /// An aggregator that expects nothing yet.
  public init() {}

  /// Expects an update of the segments of `layouts`, to be told for all of them before the first is folded.
  ///
  /// - Parameters:
  ///   - layouts: The segments that it covers, told apart by their names.
  ///   - mass: What it counts for in the divisor.
  public mutating func expect(_ layouts: [ParameterLayout], mass: Double) {
    precondition(mass > 0, "a mass of \(mass)")
    for layout in layouts {
      if let index = indices[layout.name] {
        precondition(self.layouts[index] == layout, "two layouts of \(layout.name)")
        masses[index] += mass
      } else {
        indices[layout.name] = self.layouts.count
        self.layouts.append(layout)
        masses.append(mass)
        sums.append(Array(repeating: 0, count: layout.count))
      }
    }
  }

  /// Adds an update that was expected.
  ///
  /// - Parameters:
  ///   - update: The encoded segments, framed by ``UpdateFraming``.
  ///   - covered: The segments that it covers, in the order in which their bytes follow each other.
  ///   - codec: How it is encoded.
  ///   - weight: The weight of its values.
  /// - Throws: `CodecError` if the bytes aren't an update of these segments.
  public mutating func fold(
    _ update: [UInt8], of covered: [ParameterLayout], codec: UpdateCodec, weight: Double
  ) throws(CodecError) {
    let parts = try UpdateFraming.split(update, count: covered.count)
    for (part, layout) in zip(parts, covered) {
      guard let index = indices[layout.name] else {
        preconditionFailure("nobody said that an update of \(layout.name) would come")
      }
      let share = Float(weight / masses[index])
      try codec.fold(part, layout: layout, weight: share, into: &sums[index])
    }
  }

  /// The mean of all that was folded: the covered segments, in the order in which they were expected.
  public var means: [ParameterVector] {
    zip(layouts, sums).map { ParameterVector(layout: $0, scalars: $1) }
  }
}
