public import Progressive
public import Tensors

/// The server's side of SCAFFOLD: its control variates c, the means of all clients', segment by
/// segment.
///
/// A client's control variate cᵢ is the mean of its own gradients, and becomes cᵢ − ĉ −
/// Δᵢ / (‖aᵢ‖₁ η) with each update Δᵢ that counts (Karimireddy et al., ICML 2020,
/// option II, with ‖aᵢ‖₁ for the number of steps K). So the change follows from the update,
/// the offered steps and the learning rate, and nothing more goes up. The mean is weighted as
/// updates are, since their weighted mean is what the corrections must leave as it is. A segment is
/// corrected from the first update on that covers it; a new block begins with 0.
public struct ServerControlVariates: Hashable, Sendable {
  /// The control variates that have ever moved, by the segments that they correct; all others are
  /// 0.
  public private(set) var values: [SegmentName: ParameterVector]

  /// Control variates that are 0, or those that a checkpoint kept.
  public init(_ values: [ParameterVector] = []) {
    self.values = Dictionary(controlVariates: values)
  }

  /// Moves a segment's control variate: c ← c + s (−ĉ − d).
  ///
  /// - Parameters:
  ///   - direction: The weighted mean of Δᵢ / (‖aᵢ‖₁ η) over the updates that cover the
  ///     segment, d.
  ///   - sent: The control variate as clients were told, ĉ; nil for 0.
  ///   - share: The share that these clients have in the weight of all clients, s: |S| / N where
  ///     all weigh the same. At most 1 counts.
  public mutating func step(_ direction: ParameterVector, sent: ParameterVector?, share: Double) {
    let segment = direction.layout.segment
    let direction = direction.withoutBuffers
    var variate = values[segment] ?? .zero(of: direction.layout)
    precondition(variate.layout == direction.layout, "\(variate.layout.name) has another layout")
    let share = Float(min(1, share))
    for index in variate.scalars.indices {
      variate.scalars[index] -= share * ((sent?.scalars[index] ?? 0) + direction.scalars[index])
    }
    values[segment] = variate
  }

  /// Keeps the control variates of `segments` and drops all others: those of heads that are thrown
  /// away.
  public mutating func keep(_ segments: [ParameterLayout]) {
    let kept = Set(segments.map(\.segment))
    values = values.filter { kept.contains($0.key) }
  }
}
