/// A reusable buffer of samples and what they should be mapped to.
///
/// Shapes: `B` samples, `C` channels, `H` rows, `W` columns.
public struct Batch: Sendable {
  /// How many samples fit, B.
  public let capacity: Int
  /// How many samples are filled; the last batch of an epoch may be smaller.
  public var count = 0
  /// The inputs, `[B, C, H, W]`.
  public var inputs: [Float]
  /// The classes: one per sample, or one per pixel, `[B, H, W]`, for segmentation.
  public var labels: [Int32]

  /// An empty buffer for `capacity` samples of `input` `[C, H, W]` with `labelsPerSample` labels each.
  public init(capacity: Int, input: Shape, labelsPerSample: Int = 1) {
    precondition(capacity > 0, "a batch of \(capacity)")
    self.capacity = capacity
    inputs = Array(repeating: 0, count: capacity * input.count)
    labels = Array(repeating: 0, count: capacity * labelsPerSample)
  }
}
