/// The reason that values can't be encoded, or bytes can't be decoded.
public enum CodecError: Error, Hashable, Sendable {
  /// A value to encode is infinite or not a number.
  case notFinite(index: Int)
  /// A value to encode is beyond what a quantizer scales safely.
  case tooLarge(index: Int, limit: Float)
  /// The bytes aren't as many as the layout and codec make.
  case wrongSize(expected: Int, actual: Int)
  /// The bytes end before what they announce, of those left from byte `offset` on.
  case truncated(offset: Int, needed: Int, available: Int)
  /// Bytes are left after the last tensor.
  case trailingBytes(Int)
  /// A float that was sent as it is isn't finite or too large; `offset` is where such floats begin.
  case invalidValue(offset: Int)
  /// A scale or bound is out of its range, at byte `offset`.
  case invalidScale(offset: Int)
  /// The positions of the kept values are coded in a way that doesn't exist.
  case unknownPositionCode(UInt8)
  /// A position lies beyond the tensor.
  case positionOutOfRange(position: Int, count: Int)
  /// The bitmap of kept values marks more or fewer than the codec keeps.
  case wrongKeptCount(expected: Int, actual: Int)
  /// The flag before the payload is neither 0, as it is, nor 1, compressed.
  case unknownCompression(UInt8)
  /// The compressed payload can't be expanded to what the layout and codec make.
  case corruptCompression
}

extension CodecError: CustomStringConvertible {
  /// The fault, its place and its cure in words.
  public var description: String {
    switch self {
    case .notFinite(let index):
      "value \(index) is infinite or not a number; the training diverged: lower its learning rate"
    case .tooLarge(let index, let limit):
      "value \(index) is beyond ±\(limit), more than can be quantized; lower the learning rate or "
        + "send dense32"
    case .wrongSize(let expected, let actual):
      "\(actual) bytes where the layout and codec make \(expected); do both ends use one codec?"
    case .truncated(let offset, let needed, let available):
      "\(needed) bytes needed from byte \(offset) on, but only \(available) are there; ask again"
    case .trailingBytes(let count):
      "\(count) bytes too many after the last tensor; do both ends use one layout and codec?"
    case .invalidValue(let offset):
      "a value from byte \(offset) on is infinite, not a number or too large; refuse the sender's "
        + "update"
    case .invalidScale(let offset):
      "the scale at byte \(offset) is out of range; refuse the sender's update"
    case .unknownPositionCode(let code):
      "positions coded as \(code), which doesn't exist; do both ends run one version?"
    case .positionOutOfRange(let position, let count):
      "position \(position) in a tensor of \(count) values; refuse the sender's update"
    case .wrongKeptCount(let expected, let actual):
      "\(actual) values kept where the codec keeps \(expected); refuse the sender's update"
    case .unknownCompression(let flag):
      "compression \(flag), which doesn't exist; do both ends run one version and codec?"
    case .corruptCompression:
      "the compressed payload is corrupt or of another layout; ask again"
    }
  }
}
