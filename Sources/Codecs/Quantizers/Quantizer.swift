/// Rounds values into a known number of bytes.
package protocol Quantizer: Sendable {
  /// True if the receiver needs the message's seed.
  var needsSeed: Bool { get }

  /// The largest magnitude that is encoded.
  var limit: Float { get }

  /// The exact bytes that `count` values take.
  func size(of count: Int) -> Int

  /// Appends the bytes of finite values within ±``limit``.
  func encode(_ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter)

  /// Refuses a payload of the right size that can't be the bytes of `count` finite values.
  ///
  /// - Parameters:
  ///   - payload: the bytes; errors name offsets by its indices.
  ///   - count: how many values they stand for.
  /// - Throws: ``CodecError/invalidValue(offset:)`` or ``CodecError/invalidScale(offset:)``.
  func check(_ payload: ArraySlice<UInt8>, count: Int) throws(CodecError)

  /// Adds weight times each of the `count` values of a checked payload to the sums from `offset`
  /// on.
  func add(
    _ payload: ArraySlice<UInt8>, count: Int, keys: TensorKeys, weight: Float,
    to sums: inout [Float], at offset: Int)
}

extension Quantizer {
  /// Not unless a random rotation has to be undone.
  package var needsSeed: Bool { false }

  /// The magnitude that any rotation or norm is safe with.
  package var limit: Float { Magnitude.limit }
}

/// The magnitudes that the quantizers work with.
package enum Magnitude {
  /// The largest value that is quantized; any rotation or norm of such values is far from overflow.
  package static let limit: Float = 0x1p64

  /// The largest scale that is believed of a sender.
  package static let scaleLimit: Float = 0x1p90

  /// A range or norm below this is sent as zero: its inverse would come near overflow.
  static let negligible: Float = 0x1p-90
}
