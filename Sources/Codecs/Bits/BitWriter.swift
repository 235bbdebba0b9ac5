/// Bits under construction, the first in the lowest bit of the first byte.
struct BitWriter {
  private var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var pendingCount: UInt64 = 0

  /// Nothing yet, with room for `capacity` bits.
  init(capacity: Int) { bytes.reserveCapacity((capacity + 7) / 8 + 8) }

  /// Appends the low `count` ≤ 32 bits of `value`.
  mutating func append(_ value: UInt32, count: Int) {
    pending |= (UInt64(value) & ((1 << UInt64(count)) - 1)) << pendingCount
    pendingCount += UInt64(count)
    while pendingCount >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      pendingCount -= 8
    }
  }

  /// Appends a number by its Golomb–Rice code: the high part in zeros ended by a one, then the low
  /// part.
  mutating func appendRice(_ value: UInt32, parameter: Int) {
    var zeros = value >> UInt32(parameter)
    while zeros >= 32 {
      append(0, count: 32)
      zeros -= 32
    }
    append(0, count: Int(zeros))
    append(1, count: 1)
    append(value, count: parameter)
  }

  /// All bits, the last byte filled up with zeros.
  func finished() -> [UInt8] {
    pendingCount > 0 ? bytes + [UInt8(truncatingIfNeeded: pending)] : bytes
  }
}
