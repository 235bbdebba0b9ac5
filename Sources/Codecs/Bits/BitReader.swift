/// Bits of received bytes, the first in the lowest bit of the first byte.
struct BitReader {
  private let bytes: [UInt8]
  private let start: Int
  private var next: Int
  private var pending: UInt64 = 0
  private var pendingCount = 0

  /// Starts where the reader stands.
  init(_ reader: ByteReader) {
    bytes = reader.bytes
    start = reader.position
    next = reader.position
  }

  /// The bytes of which at least one bit was read.
  var bytesRead: Int { next - start - pendingCount / 8 }

  /// Reads a Golomb–Rice code; one whose high part alone is above `limit` counts as `limit`.
  mutating func rice(parameter: Int, limit: Int) throws(CodecError) -> Int {
    var high = 0
    while true {
      if pendingCount == 0 { try fill() }
      let zeros = min(pendingCount, pending.trailingZeroBitCount)
      high += zeros
      if zeros < pendingCount {
        drop(zeros + 1)
        break
      }
      drop(zeros)
      guard high << parameter <= limit else { return limit }
    }
    guard high << parameter <= limit else { return limit }
    var low: UInt64 = 0
    var missing = parameter
    while missing > 0 {
      if pendingCount == 0 { try fill() }
      let some = min(missing, pendingCount)
      low |= (pending & ((1 << UInt64(some)) - 1)) << UInt64(parameter - missing)
      drop(some)
      missing -= some
    }
    return high << parameter + Int(low)
  }

  private mutating func drop(_ count: Int) {
    pending = count < 64 ? pending >> UInt64(count) : 0
    pendingCount -= count
  }

  /// Takes up to seven bytes, when none are pending.
  private mutating func fill() throws(CodecError) {
    guard next < bytes.count else { throw .truncated(offset: next, needed: 1, available: 0) }
    let end = min(bytes.count, next + 7)
    while next < end {
      pending |= UInt64(bytes[next]) << UInt64(pendingCount)
      pendingCount += 8
      next += 1
    }
  }
}
