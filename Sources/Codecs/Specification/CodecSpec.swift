/// A codec's description: an optional sparsifier, then a quantizer of the values it keeps, then
/// optional Zstandard.
///
/// Spelled as text in topologies: `dense32`, `linear8`, `linear4b1024`, `linear8+random25`,
/// `topk0.1`, `topk1+linear4`, `stc1`, `eden1`, `eden2mse`, `eden0.1`, `hadamard4`, `cosine4`,
/// `qsgd4`, `sign`, `linear4+zstd`.
public struct CodecSpec: Hashable, Sendable {
  /// The choice of the values that are sent.
  public enum Sparsification: Hashable, Sendable {
    /// One drawn from each of ⌈p·n⌉ ranges and scaled by the range's length, about 1/p: unbiased.
    case random(Percentage)
    /// The ⌈p·n⌉ of largest magnitude: biased, meant for error feedback.
    case top(Percentage)
  }

  /// The rounding of the values that are sent.
  public enum Quantization: Hashable, Sendable {
    /// 32-bit floats, as they are.
    case dense
    /// Evenly between minimum and maximum of the tensor or of each `block`, stochastic, unbiased.
    case linear(bits: Int, block: Int?)
    /// The same after a random rotation, which narrows the range.
    case hadamard(bits: Int)
    /// Evenly in the angle to each axis (CosSGD), stochastic, unbiased.
    case cosine(bits: Int)
    /// Evenly in units of the Euclidean norm (Alistarh et al., 2017), stochastic, unbiased.
    case qsgd(bits: Int)
    /// The signs and the mean magnitude: biased, meant for error feedback.
    case sign
    /// A random rotation, then the nearest levels of a normal distribution (DRIVE, EDEN).
    case eden(bits: Int, scale: EdenScale)
  }

  /// The aim of EDEN's scale.
  public enum EdenScale: Hashable, Sendable {
    /// No bias: for updates that are averaged.
    case unbiased
    /// The least squared error: for error feedback and shared references.
    case leastError
  }

  /// The choice of the values that are sent; nil for all.
  public let sparsification: Sparsification?
  /// The rounding of these values.
  public let quantization: Quantization
  /// True if the bytes are compressed with Zstandard where that makes them fewer.
  public let isCompressed: Bool

  /// 32-bit floats, as they are.
  public static let dense32 = CodecSpec(unchecked: nil, .dense, isCompressed: false)

  /// A codec of the given parts.
  ///
  /// - Throws: ``CodecSpecError/bitsOutOfRange(part:allowed:)`` and
  ///   ``CodecSpecError/blockOutOfRange(part:)``.
  public init(
    _ sparsification: Sparsification? = nil, _ quantization: Quantization,
    isCompressed: Bool = false
  ) throws(CodecSpecError) {
    self.init(unchecked: sparsification, quantization, isCompressed: isCompressed)
    if let allowed = Self.bits(of: quantization), !allowed.range.contains(allowed.bits) {
      throw .bitsOutOfRange(part: Self.text(quantization), allowed: allowed.range)
    }
    if case .linear(_, let block?) = quantization, !Self.blocks.contains(block) || block % 8 != 0 {
      throw .blockOutOfRange(part: Self.text(quantization))
    }
  }

  private init(
    unchecked sparsification: Sparsification?, _ quantization: Quantization, isCompressed: Bool
  ) {
    self.sparsification = sparsification
    self.quantization = quantization
    self.isCompressed = isCompressed
  }

  /// True if the mean of decoded values over keys is the value itself.
  public var isUnbiased: Bool {
    if case .top = sparsification { return false }
    return switch quantization {
    case .dense, .linear, .hadamard, .cosine, .qsgd, .eden(_, .unbiased): true
    case .sign, .eden(_, .leastError): false
    }
  }

  /// The lengths that blocks may have; also multiples of 8.
  static let blocks = 16...1_048_576

  private static func bits(of quantization: Quantization) -> (bits: Int, range: ClosedRange<Int>)? {
    switch quantization {
    case .dense, .sign: nil
    case .linear(let bits, _), .hadamard(let bits), .cosine(let bits): (bits, 1...8)
    case .qsgd(let bits): (bits, 2...8)
    case .eden(let bits, _): (bits, 1...4)
    }
  }
}
