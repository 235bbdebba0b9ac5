/// The intensities of all samples, one sample after the other, each `[C, H, W]`.
package enum Pixels: Sendable {
  /// Bytes: 0 is black, 255 the full intensity 1.
  case bytes([UInt8])
  /// Floating-point numbers, taken as they are.
  case floats([Float])

  /// How many intensities there are.
  package var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    }
  }
}
