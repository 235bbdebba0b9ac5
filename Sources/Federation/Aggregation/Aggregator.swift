public import Codecs
public import Tensors

/// The weighted mean of encoded updates, folded one after the other in memory of one model.
///
/// For each parameter x += Σ wᵢ Δᵢ / Σ mᵢ over the updates i that cover it (FedAvg; McMahan et al.,
/// AISTATS 2017; over those that cover it as in HeteroFL; Diao et al., ICLR 2021): clients may have
/// trained different segments, and parameters that none trained stay as they are. Weights w and
/// denominator weights m are the same unless stale updates are to make smaller steps. Additions of
/// floats don't commute in their last bits, so callers fold in the order of the clients' numbers:
/// then arrival order changes nothing.
///
/// Where updates tell their local steps τ, the mean is FedNova's (Wang et al., NeurIPS 2020): x +=
/// (Σ mᵢ τᵢ / Σ mᵢ) Σ wᵢ (Δᵢ / τᵢ) / Σ mᵢ, so that clients with more steps don't count for more.
/// Buffers such as running statistics aren't made of steps: their changes are averaged as they are.
public struct Aggregator: Sendable {
  private var layouts: [ParameterLayout] = []
  private var denominatorWeights: [Double] = []
  /// Σ mᵢ τᵢ.
  private var weightedSteps: [Double] = []
  private var sums: [[Float]] = []
  private var indices: [String: Int] = [:]

  /// An aggregator that expects nothing yet.
  public init() {}

  /// Expects an update of the segments of `layouts`, to be told for all of them before the first is
  /// folded.
  ///
  /// - Parameters:
  ///   - layouts: The segments that it covers, told apart by their names.
  ///   - denominatorWeight: Its weight in the divisor, m.
  ///   - localSteps: The gradients that it follows, τ; the same for all where that isn't to matter.
  public mutating func expect(
    _ layouts: [ParameterLayout], denominatorWeight: Double, localSteps: Double = 1
  ) {
    precondition(
      denominatorWeight > 0 && localSteps > 0,
      "a denominator weight of \(denominatorWeight), \(localSteps) local steps")
    for layout in layouts {
      if let index = indices[layout.name] {
        precondition(self.layouts[index] == layout, "two layouts of \(layout.name)")
        denominatorWeights[index] += denominatorWeight
        weightedSteps[index] += denominatorWeight * localSteps
      } else {
        indices[layout.name] = self.layouts.count
        self.layouts.append(layout)
        denominatorWeights.append(denominatorWeight)
        weightedSteps.append(denominatorWeight * localSteps)
        sums.append(Array(repeating: 0, count: layout.count))
      }
    }
  }

  /// Adds an update that was expected.
  ///
  /// - Parameters:
  ///   - update: The encoded segments, framed by ``UpdateFraming``.
  ///   - covered: The segments that it covers, in the order in which their bytes follow each other.
  ///   - codec: The codec of its bytes.
  ///   - weight: The weight of its values.
  ///   - localSteps: The gradients that it follows, as it was expected.
  /// - Throws: `CodecError` if the bytes aren't an update of these segments.
  public mutating func fold(
    _ update: [UInt8], of covered: [ParameterLayout], codec: UpdateCodec, weight: Double,
    localSteps: Double = 1
  ) throws(CodecError) {
    let segments = try UpdateFraming.segments(of: update, covering: covered, codec: codec)
    try fold(segments, weight: weight, localSteps: localSteps)
  }

  /// Adds an update that was expected, whose bytes were checked.
  ///
  /// - Parameters:
  ///   - segments: The segments that it covers.
  ///   - weight: The weight of its values.
  ///   - localSteps: The gradients that it follows, as it was expected.
  /// - Throws: `CodecError`, never for segments that were checked.
  public mutating func fold(
    _ segments: [CheckedSegment], weight: Double, localSteps: Double = 1
  ) throws(CodecError) {
    for segment in segments {
      let layout = segment.layout
      guard let index = indices[layout.name] else {
        preconditionFailure("nobody said that an update of \(layout.name) would come")
      }
      let share = weight / denominatorWeights[index]
      let stretch = weightedSteps[index] / denominatorWeights[index] / localSteps
      if stretch == 1 || layout.parameters.allSatisfy({ $0.role != .buffer }) {
        try segment.fold(weight: Float(share * stretch), into: &sums[index])
      } else {
        let values = try segment.values()
        add(values, steps: Float(share * stretch), buffers: Float(share), to: index)
      }
    }
  }

  /// Adds values to a segment's sum, its buffers with a weight of their own.
  private mutating func add(
    _ values: ParameterVector, steps: Float, buffers: Float, to index: Int
  ) {
    for (number, parameter) in values.layout.parameters.enumerated() {
      let weight = parameter.role == .buffer ? buffers : steps
      for scalar in values.layout.range(of: number) {
        sums[index][scalar] += weight * values.scalars[scalar]
      }
    }
  }

  /// The sum of the denominator weights of a segment's expected updates; 0 if there are none.
  public func denominatorWeight(of segment: String) -> Double {
    indices[segment].map { denominatorWeights[$0] } ?? 0
  }

  /// The mean of all that was folded: the covered segments, in the order in which they were
  /// expected.
  public var means: [ParameterVector] {
    zip(layouts, sums).map { ParameterVector(layout: $0, scalars: $1) }
  }
}
