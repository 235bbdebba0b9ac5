public import Tensors

/// A client's side of SCAFFOLD: cᵢ, the mean of its own gradients, segment by segment.
public struct ClientControlVariates: Hashable, Sendable {
  /// The controls that have ever moved, by their layouts' names; all others are 0.
  public private(set) var values: [String: ParameterVector]

  /// Controls that are 0, or what was kept of them.
  public init(_ values: [ParameterVector] = []) {
    self.values = Dictionary(values.map { ($0.layout.name, $0) }) { _, last in last }
  }

  /// What is added to each gradient of a segment, ĉ − cᵢ; 0 for its buffers.
  ///
  /// - Parameters:
  ///   - segment: The segment's layout.
  ///   - sent: What the server told of its control, ĉ; nil for 0.
  /// - Returns: The correction, laid out like the segment.
  public func correction(of segment: ParameterLayout, sent: ParameterVector?) -> ParameterVector {
    let layout = segment.control
    var correction = sent?.scalars ?? Array(repeating: 0, count: layout.count)
    if let own = values[layout.name]?.scalars {
      for index in correction.indices { correction[index] -= own[index] }
    }
    return ParameterVector(layout: layout, scalars: correction).spread(over: segment)
  }

  /// Moves the control of a segment, once its update counts: cᵢ ← cᵢ − ĉ − Δ / r.
  ///
  /// - Parameters:
  ///   - update: The segment's update as the server decodes it, Δ.
  ///   - sent: What the server told of its control when the update was trained, ĉ; nil for 0.
  ///   - reach: How far the client's steps reach, r = ‖a‖₁ η, as ``LocalSteps/reach(of:rate:)`` says.
  public mutating func step(_ update: ParameterVector, sent: ParameterVector?, reach: Double) {
    precondition(reach > 0, "a reach of \(reach)")
    let update = update.controlled
    var control =
      values[update.layout.name]
      ?? ParameterVector(
        layout: update.layout, scalars: Array(repeating: 0, count: update.layout.count))
    let factor = Float(1 / reach)
    for index in control.scalars.indices {
      control.scalars[index] -= (sent?.scalars[index] ?? 0) + factor * update.scalars[index]
    }
    values[control.layout.name] = control
  }

  /// Keeps what controls `segments` and drops the rest: the old head, and what changed its layout.
  public mutating func adapt(to segments: [ParameterLayout]) {
    let controls = segments.map(\.control)
    values = values.filter { controls.contains($0.value.layout) }
  }
}
