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
    try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension ArraySlice<UInt8> {
  /// The little-endian float at `offset` bytes from the start.
  func float(at offset: Int) -> Float {
    let start = startIndex + offset
    var bits: UInt32 = 0
    for index in (start..<start + 4).reversed() { bits = bits << 8 | UInt32(self[index]) }
    return Float(bitPattern: bits)
  }

  /// The `count` bytes from `offset` on.
  func part(from offset: Int, count: Int) -> ArraySlice<UInt8> {
    self[startIndex + offset..<startIndex + offset + count]
  }
}
