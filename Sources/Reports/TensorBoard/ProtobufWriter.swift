/// Writes the few kinds of fields of Protocol Buffers that event files take.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// A varint field, wire type 0.
  mutating func integer(_ value: Int, field: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// A fixed 64-bit field, wire type 1.
  mutating func double(_ value: Double, field: Int) {
    varint(UInt64(field << 3 | 1))
    bytes += EventFile.littleEndian(value.bitPattern, count: 8)
  }

  /// A fixed 32-bit field, wire type 5.
  mutating func float(_ value: Float, field: Int) {
    varint(UInt64(field << 3 | 5))
    bytes += EventFile.littleEndian(UInt64(value.bitPattern), count: 4)
  }

  /// A string field, wire type 2.
  mutating func text(_ text: String, field: Int) { delimited(Array(text.utf8), field: field) }

  /// A message inside of this one, wire type 2.
  mutating func message(field: Int, _ content: (inout Self) -> Void) {
    var inner = Self()
    content(&inner)
    delimited(inner.bytes, field: field)
  }

  private mutating func delimited(_ content: [UInt8], field: Int) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
