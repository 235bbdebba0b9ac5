/// How NIfTI-1 stores a voxel; the raw values are the format's `datatype` codes.
enum NIfTIVoxel: Int {
  case uint8 = 2
  case int16 = 4
  case int32 = 8
  case float32 = 16
  case float64 = 64
  case int8 = 256
  case uint16 = 512
  case uint32 = 768
  case int64 = 1024
  case uint64 = 1280

  /// How many bytes one takes.
  var bytes: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether it is stored as a floating-point number.
  var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The value whose bytes, most significant first, are the low ones of `bits`.
  func value(_ bits: UInt64) -> Float {
    switch self {
    case .uint8, .uint16, .uint32, .uint64: Float(bits)
    case .int8: Float(Int8(truncatingIfNeeded: bits))
    case .int16: Float(Int16(truncatingIfNeeded: bits))
    case .int32: Float(Int32(truncatingIfNeeded: bits))
    case .int64: Float(Int64(bitPattern: bits))
    case .float32: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    case .float64: Float(Double(bitPattern: bits))
    }
  }
}
