/// The name of one parameter tensor of a network, its shape and its part in training.
public struct Parameter: Hashable, Sendable {
  /// A parameter's part in training.
  public enum Role: String, Hashable, Sendable {
    /// A weight of a linear map or convolution: trained, decayed.
    case weight
    /// A bias: trained, decayed as PyTorch does by default.
    case bias
    /// The scale or shift of a normalization: trained.
    case scale
    /// A running statistic: travels and is averaged, but isn't trained.
    case buffer
  }

  /// The rule of a parameter's first values, where no file gives them.
  public enum InitialValues: Hashable, Sendable {
    /// The usual one of its role.
    case usual
    /// All 0.
    case zeros
    /// All 1.
    case ones
    /// Uniform in ±1/√fan-in.
    case uniform(fanIn: Int)
    /// Normal with mean 0.
    case normal(deviation: Double)
  }

  /// The name inside its block, as PyTorch would spell it: "conv1.weight".
  public let name: String
  /// The extents, in PyTorch's order of axes.
  public let shape: Shape
  /// The part in training.
  public let role: Role
  /// The rule of its first values.
  public let initial: InitialValues

  /// A parameter of the given name, shape and role, which begins as is usual unless a rule is
  /// given.
  public init(_ name: String, _ shape: Shape, role: Role, initial: InitialValues = .usual) {
    self.name = name
    self.shape = shape
    self.role = role
    self.initial = initial
  }
}

/// The ordered parameters of one block or head; the order is that of the wire.
public struct ParameterLayout: Hashable, Sendable {
  /// The block's or head's name: "block1", "head1".
  public let name: String
  /// The parameters, in the order in which their scalars lie one after the other.
  public let parameters: [Parameter]
  /// The place of each parameter's first scalar.
  public let offsets: [Int]
  /// The number of all scalars.
  public let count: Int

  /// A layout of `parameters` one after the other, without gaps.
  public init(name: String, parameters: [Parameter]) {
    self.name = name
    self.parameters = parameters
    var offsets: [Int] = []
    var next = 0
    for parameter in parameters {
      offsets.append(next)
      next += parameter.shape.count
    }
    self.offsets = offsets
    count = next
  }

  /// True if both have tensors of the same shapes in the same order.
  public func hasShapes(of other: ParameterLayout) -> Bool {
    parameters.map(\.shape) == other.parameters.map(\.shape)
  }

  /// The places of the scalars of parameter `index`.
  public func range(of index: Int) -> Range<Int> {
    offsets[index]..<offsets[index] + parameters[index].shape.count
  }
}

/// The values of one block or head: its layout and its scalars, flat.
public struct ParameterVector: Hashable, Sendable {
  /// The places of the parameters.
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
