public import Progressive
public import Tensors

/// A client's side of SCAFFOLD: its control variates cᵢ, the means of its own gradients, segment
/// by segment.
public struct ClientControlVariates: Hashable, Sendable {
  /// The control variates that have ever moved, by the segments that they correct; all others are
  /// 0.
  public private(set) var values: [SegmentName: ParameterVector]

  /// Control variates that are 0, or those that were kept.
  public init(_ values: [ParameterVector] = []) {
    self.values = Dictionary(controlVariates: values)
  }

  /// The addition to each gradient of a segment, ĉ − cᵢ; 0 for its buffers.
  ///
  /// - Parameters:
  ///   - segment: The segment's layout.
  ///   - sent: The server's control variate as it was broadcast, ĉ; nil for 0.
  /// - Returns: The correction, laid out like the segment.
  public func correction(of segment: ParameterLayout, sent: ParameterVector?) -> ParameterVector {
    let layout = segment.controlVariate
    var correction = sent?.scalars ?? Array(repeating: 0, count: layout.count)
    if let own = values[segment.segment]?.scalars {
      for index in correction.indices { correction[index] -= own[index] }
    }
    return ParameterVector(layout: layout, scalars: correction).spread(over: segment)
  }

  /// Moves a segment's control variate, once its update counts: cᵢ ← cᵢ − ĉ − Δ / r.
  ///
  /// - Parameters:
  ///   - update: The segment's update as the server decodes it, Δ.
  ///   - sent: The server's control variate that the update was trained with, ĉ; nil for 0.
  ///   - reach: The reach of the client's steps, r = ‖a‖₁ η, as
  ///     ``LocalSteps/reach(of:rate:)`` says.
  public mutating func step(_ update: ParameterVector, sent: ParameterVector?, reach: Double) {
    precondition(reach > 0, "a reach of \(reach)")
    let segment = update.layout.segment
    let update = update.withoutBuffers
    var variate = values[segment] ?? .zero(of: update.layout)
    let factor = Float(1 / reach)
    for index in variate.scalars.indices {
      variate.scalars[index] -= (sent?.scalars[index] ?? 0) + factor * update.scalars[index]
    }
    values[segment] = variate
  }

  /// Keeps the control variates of `segments` and drops the rest: the old head's, and those of
  /// another layout.
  public mutating func adapt(to segments: [ParameterLayout]) {
    let layouts = segments.map(\.controlVariate)
    values = values.filter { layouts.contains($0.value.layout) }
  }
}
