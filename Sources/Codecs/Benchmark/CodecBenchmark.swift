import CCodecKernels
import Measures

/// A benchmark of codecs on values like an update's: their speed, bits and error.
package struct CodecBenchmark: Sendable {
  /// The figures of one codec.
  package struct Result: Hashable, Sendable, Encodable {
    /// The codec's canonical text.
    package let codec: String
    /// The values that were coded.
    package let parameters: Int
    /// Values encoded in a second on one core, in 10⁹.
    package let encodeGigaelementsPerSecond: Double
    /// Values decoded and added to an accumulator in a second on one core, in 10⁹.
    package let foldGigaelementsPerSecond: Double
    /// Bytes scaled and added to an accumulator in a second by a plain C loop, in 10⁹: the limit.
    package let limitGigaelementsPerSecond: Double
    /// Folding relative to the limit, measured in turns.
    package let foldRatio: Double
    /// Bits on the wire per value.
    package let bitsPerParameter: Double
    /// The squared error relative to the squared norm, of one encoding.
    package let relativeSquaredError: Double
  }

  /// Codecs worth comparing.
  package static let usual = [
    "dense32", "linear8", "linear4", "linear1", "hadamard4", "cosine4", "qsgd8", "sign", "eden4",
    "eden2", "eden1", "eden0.1", "linear8+random25", "topk1", "topk1+linear4", "stc1", "stc10",
    "linear4+zstd",
  ]

  /// The values that are coded.
  package let values: [Float]
  private let repetitions: Int

  /// A benchmark over `count` normal values of varying magnitude, the best of `repetitions`
  /// counting.
  package init(count: Int = 11_220_132, repetitions: Int = 5, seed: UInt64 = 1) {
    precondition(count > 0 && repetitions > 0, "\(count) values, \(repetitions) repetitions")
    // One normal and one magnitude table, combined: drawing each value would take longer than
    // coding.
    var stream = RandomStream(seed: seed)
    let normals = (0..<65_536).map { _ in Float(stream.normal()) }
    let magnitudes = (0..<4096).map { _ in Float(stream.exponential(mean: 0.01)) }
    values = (0..<count).map { index in
      let draw = stream.value(at: UInt64(index))
      return normals[Int(draw % 65_536)] * magnitudes[Int(draw >> 32 % 4096)]
    }
    self.repetitions = repetitions
  }

  /// Measures one codec on the calling thread.
  ///
  /// - Throws: ``CodecError``, if the codec fails on its own bytes.
  package func measure(_ spec: CodecSpec, clock: some Clock<Duration>) throws -> Result {
    let codec = Codec(spec)
    let count = values.count
    var sums = [Float](repeating: 0, count: count)
    var encode = Duration.seconds(1e9)
    var fold = encode
    var limit = encode
    var bytes: [UInt8] = []
    let codes = [UInt8](repeating: 1, count: count)
    for _ in 0..<repetitions {
      encode = min(encode, try clock.measure { bytes = try codec.encode(values, key: 1) })
      fold = min(
        fold,
        try clock.measure { try codec.fold(bytes, count: count, weight: 1e-3, into: &sums) })
      limit = min(limit, clock.measure { Self.addPlainly(codes, to: &sums) })
    }
    let rate = { (time: Duration) in Double(count) / time.seconds / 1e9 }
    return Result(
      codec: spec.description, parameters: count, encodeGigaelementsPerSecond: rate(encode),
      foldGigaelementsPerSecond: rate(fold), limitGigaelementsPerSecond: rate(limit),
      foldRatio: limit.seconds / fold.seconds,
      bitsPerParameter: 8 * Double(bytes.count) / Double(count),
      relativeSquaredError: try codec.decode(bytes, count: count).relativeSquaredError(of: values))
  }

  /// Measures the Walsh–Hadamard transform of blocks of 2^`exponent`, in 10⁹ values a second.
  package func hadamard(exponent: Int, clock: some Clock<Duration>) -> Double {
    var block = Array(values.prefix(1 << exponent))
    block.append(contentsOf: repeatElement(0, count: 1 << exponent - block.count))
    var best = Duration.seconds(1e9)
    for _ in 0..<repetitions {
      best = min(best, clock.measure { Kernels.hadamard(&block, count: block.count) })
    }
    return Double(block.count) / best.seconds / 1e9
  }

  /// The time that a plain C loop takes to scale as many bytes and add them to an accumulator.
  package func plainAddition(clock: some Clock<Duration>) -> Duration {
    var sums = [Float](repeating: 0, count: values.count)
    let codes = [UInt8](repeating: 1, count: values.count)
    return clock.measure { Self.addPlainly(codes, to: &sums) }
  }

  private static func addPlainly(_ codes: [UInt8], to sums: inout [Float]) {
    // SAFETY: reads as many codes as it changes sums; the arrays are equally long.
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      guard let first = sums.baseAddress else { return }
      unsafe progfed_codec_plain_add_bytes(codes, codes.count, 1e-3, first)
    }
  }
}
