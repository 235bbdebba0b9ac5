/// A dense array of 32-bit floats in row-major order.
public struct Tensor: Hashable, Sendable {
  /// The extents.
  public let shape: Shape
  /// The scalars, the last axis varying fastest.
  public var scalars: [Float]

  /// A tensor of `scalars` in the given shape.
  public init(shape: Shape, scalars: [Float]) {
    precondition(scalars.count == shape.count, "\(scalars.count) scalars don't fill \(shape)")
    self.shape = shape
    self.scalars = scalars
  }

  /// A tensor of zeros.
  public init(zeros shape: Shape) {
    self.init(shape: shape, scalars: Array(repeating: 0, count: shape.count))
  }
}
