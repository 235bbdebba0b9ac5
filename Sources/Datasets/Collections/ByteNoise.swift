import Measures

/// Noise from −32 to 31, each value equally likely.
struct ByteNoise {
  private var stream: RandomStream
  private var bits: UInt64 = 0
  private var left = 0

  /// Noise drawn from `stream`, eight values to each 64 bits.
  init(stream: RandomStream) { self.stream = stream }

  /// The next value.
  mutating func next() -> Int32 {
    if left == 0 {
      bits = stream.next()
      left = 8
    }
    defer {
      bits >>= 8
      left -= 1
    }
    return Int32(bits & 63) - 32
  }
}
