/// Numbers in a header whose byte order is known only once it is read.
struct OrderedBytes {
  /// The bytes.
  let bytes: [UInt8]
  /// Whether the most significant byte comes first.
  var isBigEndian: Bool

  /// The unsigned integer of `width` bytes, at most 8, at `offset`.
  func unsigned(at offset: Int, width: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<width {
      value = value << 8 | UInt64(bytes[offset + (isBigEndian ? index : width - 1 - index)])
    }
    return value
  }

  /// The signed 16-bit integer at `offset`.
  func int16(at offset: Int) -> Int {
    Int(Int16(truncatingIfNeeded: unsigned(at: offset, width: 2)))
  }

  /// The signed 32-bit integer at `offset`.
  func int32(at offset: Int) -> Int {
    Int(Int32(truncatingIfNeeded: unsigned(at: offset, width: 4)))
  }

  /// The 32-bit floating-point number at `offset`.
  func float(at offset: Int) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: unsigned(at: offset, width: 4)))
  }
}
