public import Tensors

extension ParameterLayout {
  /// The layout of what controls this segment: all but its buffers, which aren't stepped along gradients.
  ///
  /// Its name is that of the segment followed by ".control".
  public var control: ParameterLayout {
    ParameterLayout(
      name: "\(name).control", parameters: parameters.filter { $0.role != .buffer })
  }
}

extension ParameterVector {
  /// The values that a control has a counterpart of, in the order of ``Tensors/ParameterLayout/control``.
  var controlled: ParameterVector {
    let control = layout.control
    guard control.count < layout.count else {
      return ParameterVector(layout: control, scalars: scalars)
    }
    let parts = layout.parameters.indices.filter { layout.parameters[$0].role != .buffer }
    return ParameterVector(
      layout: control, scalars: parts.flatMap { scalars[layout.range(of: $0)] })
  }

  /// The values of a control where they belong in the `segment` that it controls, with 0 for its buffers.
  func spread(over segment: ParameterLayout) -> ParameterVector {
    precondition(layout == segment.control, "\(layout.name) doesn't control \(segment.name)")
    guard segment.count > layout.count else {
      return ParameterVector(layout: segment, scalars: scalars)
    }
    var spread: [Float] = []
    spread.reserveCapacity(segment.count)
    var next = 0
    for parameter in segment.parameters {
      let count = parameter.shape.count
      if parameter.role == .buffer {
        spread += repeatElement(0, count: count)
      } else {
        spread += scalars[next..<next + count]
        next += count
      }
    }
    return ParameterVector(layout: segment, scalars: spread)
  }
}
