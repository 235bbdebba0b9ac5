public import Tensors

/// The server's side of SCAFFOLD: c, the mean of all clients' controls, segment by segment.
///
/// A client's control cᵢ is the mean of its own gradients, and becomes cᵢ − ĉ − Δᵢ / (‖aᵢ‖₁ η) with each update Δᵢ
/// that counts (Karimireddy et al., ICML 2020, option II, with ‖aᵢ‖₁ for the number of steps K). So what
/// changes follows from the update, the offered steps and the learning rate, and nothing more goes up. The mean is
/// weighted as updates are, since their weighted mean is what the corrections must leave as it is.
/// A segment is controlled from the first update on that covers it; a new block begins with 0.
public struct ServerControlVariates: Hashable, Sendable {
  /// The controls that have ever moved, by their layouts' names; all others are 0.
  public private(set) var values: [String: ParameterVector]

  /// Controls that are 0, or what a checkpoint kept.
  public init(_ values: [ParameterVector] = []) {
    self.values = Dictionary(values.map { ($0.layout.name, $0) }) { _, last in last }
  }

  /// Moves the control of a segment: c ← c + s (−ĉ − d).
  ///
  /// - Parameters:
  ///   - direction: The weighted mean of Δᵢ / (‖aᵢ‖₁ η) over the updates that cover the segment, d.
  ///   - sent: What clients were told of c, ĉ; nil for 0.
  ///   - share: The share that these clients have in the weight of all clients, s: |S| / N where all weigh the
  ///     same. At most 1 counts.
  public mutating func step(_ direction: ParameterVector, sent: ParameterVector?, share: Double) {
    let direction = direction.controlled
    var control =
      values[direction.layout.name]
      ?? ParameterVector(
        layout: direction.layout, scalars: Array(repeating: 0, count: direction.layout.count))
    precondition(control.layout == direction.layout, "\(control.layout.name) has another layout")
    let share = Float(min(1, share))
    for index in control.scalars.indices {
      control.scalars[index] -= share * ((sent?.scalars[index] ?? 0) + direction.scalars[index])
    }
    values[control.layout.name] = control
  }

  /// Keeps the controls of `segments` and drops all others: those of heads that are thrown away.
  public mutating func keep(_ segments: [ParameterLayout]) {
    let names = Set(segments.map(\.control.name))
    values = values.filter { names.contains($0.key) }
  }
}
