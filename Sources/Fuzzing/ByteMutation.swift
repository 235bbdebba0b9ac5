import Foundation
import Measures

/// Damages bytes in the ways that break parsers.
struct ByteMutation {
  /// Numbers at which lengths and signs go wrong.
  private static let edges: [UInt64] = [
    0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, .max,
  ]

  /// The bytes with up to eight damages, sometimes with none.
  static func damage(_ original: [UInt8], using stream: inout RandomStream) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 0...8, using: &stream) { damageOnce(&bytes, &stream) }
    return bytes
  }

  /// Writes a file and the folders that it lies in; the bytes are damaged at one time in `odds`.
  static func write(
    _ bytes: [UInt8], to file: URL, oneIn odds: Int, using stream: inout RandomStream
  ) throws {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let isDamaged = Int.random(in: 0..<odds, using: &stream) == 0
    try Data(isDamaged ? damage(bytes, using: &stream) : bytes).write(to: file)
  }

  private static func damageOnce(_ bytes: inout [UInt8], _ stream: inout RandomStream) {
    func draw(_ bound: Int) -> Int { bound > 0 ? Int.random(in: 0..<bound, using: &stream) : 0 }
    let place = draw(bytes.count + 1)
    let length = min(draw(16) + 1, bytes.count - place)
    switch draw(9) {
    case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(draw(8))
    case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: stream.next())
    case 2: bytes.removeSubrange(place..<place + length)
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
    case 5: bytes.insert(UInt8(truncatingIfNeeded: stream.next()), at: place)
    case 6:
      // A number of 1 to 8 bytes, in either order.
      let edge = edges[draw(edges.count)]
      let width = min(1 << draw(4), bytes.count - place)
      let isReversed = draw(2) == 1
      for index in 0..<width {
        let shift = UInt64(8 * (isReversed ? width - 1 - index : index))
        bytes[place + index] = UInt8(truncatingIfNeeded: edge >> shift)
      }
    case 7:
      let other = draw(bytes.count + 1)
      let count = min(length, bytes.count - other)
      let copy = Array(bytes[other..<other + count])
      for (index, byte) in copy.enumerated() where place + index < bytes.count {
        bytes[place + index] = byte
      }
    default:
      let count = draw(64)
      bytes.insert(
        contentsOf: repeatElement(UInt8(truncatingIfNeeded: stream.next()), count: count), at: place
      )
    }
  }
}
