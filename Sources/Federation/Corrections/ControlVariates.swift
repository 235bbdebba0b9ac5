package import Progressive
public import Tensors

/// The additions to clients' gradients that keep samples that differ from pulling clients apart.
public enum Correction: String, Hashable, Sendable, CaseIterable {
  /// Nothing.
  case none
  /// The difference of all clients' mean gradient and their own, c − cᵢ (Karimireddy et al.,
  /// ICML 2020).
  case scaffold
}

extension ParameterLayout {
  /// The segment of the model that has this layout; layouts of networks are named so.
  package var segment: SegmentName {
    guard let segment = SegmentName(name) else {
      preconditionFailure("\(name) names no segment of a model")
    }
    return segment
  }

  /// The layout of this segment's control variate.
  ///
  /// It has all but the segment's buffers, which aren't stepped along gradients.
  public var controlVariate: ParameterLayout {
    ParameterLayout(
      name: "\(segment.control)", parameters: parameters.filter { $0.role != .buffer })
  }
}

extension ParameterVector {
  /// The values that a control variate has a counterpart of, in the order of its layout.
  var withoutBuffers: ParameterVector {
    let control = layout.controlVariate
    guard control.count < layout.count else {
      return ParameterVector(layout: control, scalars: scalars)
    }
    let parts = layout.parameters.indices.filter { layout.parameters[$0].role != .buffer }
    return ParameterVector(
      layout: control, scalars: parts.flatMap { scalars[layout.range(of: $0)] })
  }

  /// The values of a control variate in the places of the `segment` that it corrects, with 0 for
  /// buffers.
  func spread(over segment: ParameterLayout) -> ParameterVector {
    precondition(layout == segment.controlVariate, "\(layout.name) doesn't fit \(segment.name)")
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

extension [SegmentName: ParameterVector] {
  /// Control variates by the segments that they correct; what is none is left out.
  init(controlVariates values: [ParameterVector]) {
    let named = values.compactMap { value in
      SegmentName(value.layout.name)?.corrected.map { ($0, value) }
    }
    self.init(named) { _, last in last }
  }
}
