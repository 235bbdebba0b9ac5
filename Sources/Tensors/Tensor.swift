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

/// The extent of a tensor along each of its axes, outermost first.
public struct Shape: Hashable, Sendable {
  /// The extents, all positive; none for a scalar.
  public let dimensions: [Int]

  /// A shape of the given extents.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 > 0 }, "\(dimensions) has an extent below 1")
    self.dimensions = dimensions
  }

  /// The number of scalars of a tensor of this shape.
  public var count: Int { dimensions.reduce(1, *) }
}

extension Shape: ExpressibleByArrayLiteral {
  /// A shape of the given extents.
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  /// The extents as in "64×3×3×3".
  public var description: String { dimensions.map(String.init).joined(separator: "×") }
}

/// A reusable buffer of samples and what they should be mapped to.
///
/// Shapes: `B` samples, `C` channels, `H` rows, `W` columns.
public struct Batch: Sendable {
  /// The number of samples that fit, B.
  public let capacity: Int
  /// The number of samples that are filled; the last batch of an epoch may be smaller.
  public var count = 0
  /// The inputs, `[B, C, H, W]`.
  public var inputs: [Float]
  /// The classes: one per sample, or one per pixel, `[B, H, W]`, for segmentation.
  public var labels: [Int32]

  /// An empty buffer for `capacity` samples of `input` `[C, H, W]` with `labelsPerSample` labels
  /// each.
  public init(capacity: Int, input: Shape, labelsPerSample: Int = 1) {
    precondition(capacity > 0, "a batch of \(capacity)")
    self.capacity = capacity
    inputs = Array(repeating: 0, count: capacity * input.count)
    labels = Array(repeating: 0, count: capacity * labelsPerSample)
  }
}

/// Something that fills one batch after the other: an epoch over a client's samples, a test set.
public protocol BatchSource {
  /// Fills `batch` from its first sample on and sets its `count`; a count of 0 is the end.
  mutating func fill(_ batch: inout Batch)
}
