import Bytes

/// The scalar types of the layout whose scalars take whole bytes.
enum SafeTensorsType: String {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case byte = "U8"
  case float64 = "F64"
  case complex64 = "C64"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case bool = "BOOL"
  case float8e4m3 = "F8_E4M3"
  case float8e5m2 = "F8_E5M2"
  case float8e8m0 = "F8_E8M0"

  /// The bytes of one scalar.
  var size: Int {
    switch self {
    case .float64, .complex64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .byte, .int8, .bool, .float8e4m3, .float8e5m2, .float8e8m0: 1
    }
  }

  /// True if its scalars are read.
  var isRead: Bool { [.float32, .float16, .bfloat16, .byte].contains(self) }

  /// `count` scalars from their little-endian bytes.
  func scalars(_ data: ArraySlice<UInt8>, count: Int) -> [Float] {
    precondition(data.count == count * size, "\(data.count) bytes for \(count) scalars")
    let base = data.startIndex
    switch self {
    case .float32: return [Float](littleEndianBytes: data) ?? []
    case .float16: return (0..<count).map { Self.widened(Self.word(data, base + 2 * $0)) }
    case .bfloat16:
      return (0..<count).map { Float(bitPattern: UInt32(Self.word(data, base + 2 * $0)) << 16) }
    case .byte, .float64, .complex64, .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16,
      .bool, .float8e4m3, .float8e5m2, .float8e8m0:
      preconditionFailure("scalars of type \(rawValue) aren't read as numbers")
    }
  }

  private static func word(_ data: ArraySlice<UInt8>, _ index: Int) -> UInt16 {
    UInt16(littleEndianBytes: data[index..<index + 2]) ?? 0
  }

  /// The value of IEEE 754 binary16 bits.
  static func widened(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:  // zero and subnormal: fraction · 2⁻²⁴
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
