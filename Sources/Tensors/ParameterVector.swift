/// The values of one block or head: its layout and its scalars, flat.
public struct ParameterVector: Hashable, Sendable {
  /// What lies where.
  public let layout: ParameterLayout
  /// The scalars of all parameters, one after the other in the layout's order.
  public var scalars: [Float]

  /// Values for `layout`.
  public init(layout: ParameterLayout, scalars: [Float]) {
    precondition(
      scalars.count == layout.count,
      "\(scalars.count) scalars don't fill \(layout.name), which takes \(layout.count)")
    self.layout = layout
    self.scalars = scalars
  }

  /// Zeros for `layout`.
  public static func zero(of layout: ParameterLayout) -> ParameterVector {
    ParameterVector(layout: layout, scalars: Array(repeating: 0, count: layout.count))
  }

  /// The value of parameter `index`.
  public func tensor(_ index: Int) -> Tensor {
    Tensor(
      shape: layout.parameters[index].shape, scalars: Array(scalars[layout.range(of: index)]))
  }
}
