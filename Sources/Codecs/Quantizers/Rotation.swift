import Measures

/// Random rotations of a tensor's values, block by block: signs, then the Walsh–Hadamard transform.
///
/// Blocks are powers of two of at most 8192 values. The rest is padded to a power of two while the
/// padding is at most a tenth of the tensor, else cut at the power of two below; fewer than 32
/// values are left unrotated, since so few don't come near a normal distribution.
struct Rotation {
  /// The values and the transform's length of each block, in order.
  let blocks: [(values: Range<Int>, length: Int)]
  /// The values that aren't rotated.
  let tail: Range<Int>

  private static let longest = 8192
  private static let shortest = 32

  init(of count: Int) {
    var blocks: [(Range<Int>, Int)] = []
    blocks.reserveCapacity(count / Self.longest + 8)
    var start = 0
    while count - start >= Self.shortest {
      let rest = count - start
      let above = 1 << (Int.bitWidth - (rest - 1).leadingZeroBitCount)
      let length: Int
      if rest >= Self.longest {
        length = Self.longest
      } else if (above - rest) * 10 <= count {
        length = above
      } else {
        length = above / 2
      }
      let end = min(count, start + length)
      blocks.append((start..<end, length))
      start = end
    }
    self.blocks = blocks
    tail = start..<count
  }

  /// The longest block's length.
  var longest: Int { blocks.reduce(0) { max($0, $1.length) } }

  /// The key of the signs of one pass over one block.
  static func key(_ rotation: UInt64, block: Int, pass: Int) -> UInt64 {
    RandomStream(key: rotation).value(at: UInt64(2 * block + pass))
  }
}
