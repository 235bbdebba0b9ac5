import Bytes

/// A position in received bytes; numbers are little-endian.
package struct ByteReader: Sendable {
  let bytes: [UInt8]
  private(set) var position = 0

  /// Starts at the first of `bytes`.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  /// The next `count` bytes.
  mutating func take(_ count: Int) throws(CodecError) -> ArraySlice<UInt8> {
    guard count <= remaining else {
      throw .truncated(offset: position, needed: count, available: remaining)
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func byte() throws(CodecError) -> UInt8 {
    let bytes = try take(1)
    return bytes[bytes.startIndex]
  }

  mutating func word() throws(CodecError) -> UInt64 {
    UInt64(littleEndianBytes: try take(8)) ?? 0
  }
}

extension ArraySlice<UInt8> {
  /// The little-endian float at `offset` bytes from the start.
  func float(at offset: Int) -> Float {
    let four = part(from: offset, count: 4)
    return Float(littleEndianBytes: four) ?? .nan
  }

  /// The `count` bytes from `offset` on.
  func part(from offset: Int, count: Int) -> ArraySlice<UInt8> {
    self[startIndex + offset..<startIndex + offset + count]
  }
}
