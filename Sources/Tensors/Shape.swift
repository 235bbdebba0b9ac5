/// The extent of a tensor along each of its axes, outermost first.
public struct Shape: Hashable, Sendable {
  /// The extents, all positive; none for a scalar.
  public let dimensions: [Int]

  /// A shape of the given extents.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 > 0 }, "\(dimensions) has an extent below 1")
    self.dimensions = dimensions
  }

  /// How many scalars a tensor of this shape holds.
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
