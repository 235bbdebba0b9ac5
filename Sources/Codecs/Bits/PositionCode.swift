import Foundation

/// Ascending positions as Golomb–Rice coded gaps or as a bitmap.
///
/// One byte tells which: the Rice parameter r, at most 31, or 255 for a bitmap. A gap g, the
/// positions left out before one kept, is ⌊g/2^r⌋ zeros, a one, then the low r bits of g (Golomb,
/// 1966; Rice, 1979). Bits fill each byte from the lowest; a bitmap has bit i set if position i is
/// kept.
enum PositionCode {
  private static let bitmap: UInt8 = 255

  /// Appends positions below `count`; the most likely Rice parameters of `share` are tried.
  static func append(
    _ positions: [UInt32], of count: Int, share: Percentage, to writer: inout ByteWriter
  ) {
    let usual = riceParameter(share)
    let candidates = max(0, usual - 2)...min(31, usual + 4)
    var best = (bits: count, parameter: -1)
    for parameter in candidates {
      let bits = riceBits(positions, parameter: parameter)
      if bits < best.bits { best = (bits, parameter) }
    }
    guard best.parameter >= 0 else {
      writer.append(bitmap)
      let start = writer.extend(by: (count + 7) / 8)
      for position in positions {
        writer.bytes[start + Int(position / 8)] |= 1 << UInt8(position % 8)
      }
      return
    }
    writer.append(UInt8(best.parameter))
    var bits = BitWriter(capacity: best.bits)
    var next: UInt32 = 0
    for position in positions {
      bits.appendRice(position - next, parameter: best.parameter)
      next = position + 1
    }
    writer.append(contentsOf: bits.finished())
  }

  /// Reads exactly `kept` ascending positions below `count`.
  static func read(
    kept: Int, of count: Int, from reader: inout ByteReader
  ) throws(CodecError) -> [UInt32] {
    let code = try reader.byte()
    if code == bitmap { return try readBitmap(kept: kept, of: count, from: &reader) }
    guard code < 32 else { throw .unknownPositionCode(code) }
    var bits = BitReader(reader)
    var positions: [UInt32] = []
    positions.reserveCapacity(kept)
    var next = 0
    for _ in 0..<kept {
      let gap = try bits.rice(parameter: Int(code), limit: count - next)
      guard gap < count - next else {
        throw .positionOutOfRange(position: next + gap, count: count)
      }
      positions.append(UInt32(next + gap))
      next += gap + 1
    }
    _ = try reader.take(bits.bytesRead)
    return positions
  }

  private static func readBitmap(
    kept: Int, of count: Int, from reader: inout ByteReader
  ) throws(CodecError) -> [UInt32] {
    let bytes = try reader.take((count + 7) / 8)
    let marked = bytes.reduce(0) { $0 + $1.nonzeroBitCount }
    guard marked == kept else { throw .wrongKeptCount(expected: kept, actual: marked) }
    var positions: [UInt32] = []
    positions.reserveCapacity(kept)
    for (index, byte) in bytes.enumerated() {
      var left = byte
      while left != 0 {
        positions.append(UInt32(8 * index + left.trailingZeroBitCount))
        left &= left - 1
      }
    }
    if let last = positions.last, last >= count {
      throw .positionOutOfRange(position: Int(last), count: count)
    }
    return positions
  }

  /// The parameter of least expected length for positions kept with probability p.
  ///
  /// b* = 1 + ⌊log₂(ln(φ − 1) / ln(1 − p))⌋ with the golden ratio φ (Kiely, 2004; STC, Sattler et
  /// al., 2019).
  static func riceParameter(_ share: Percentage) -> Int {
    let golden = (5.0.squareRoot() + 1) / 2
    let ratio = log(golden - 1) / log(1 - share.fraction)
    return min(31, max(0, 1 + Int(log2(ratio).rounded(.down))))
  }

  /// The expected bits per kept position, b* + 1/(1 − (1 − p)^(2^b*)).
  static func expectedBits(_ share: Percentage) -> Double {
    let parameter = riceParameter(share)
    return Double(parameter) + 1 / (1 - pow(1 - share.fraction, pow(2, Double(parameter))))
  }

  static func expectedSize(kept: Int, of count: Int, share: Percentage) -> Int {
    min(1 + (count + 7) / 8, 1 + Int((Double(kept) * expectedBits(share) / 8).rounded(.up)))
  }

  static func maximumSize(kept: Int, of count: Int, share: Percentage) -> Int {
    let parameter = riceParameter(share)
    let riceBits = kept * (parameter + 1) + (count - kept) >> parameter
    return 1 + (min(count, riceBits) + 7) / 8
  }

  private static func riceBits(_ positions: [UInt32], parameter: Int) -> Int {
    var bits = positions.count * (parameter + 1)
    var next: UInt32 = 0
    for position in positions {
      bits += Int((position - next) >> UInt32(parameter))
      next = position + 1
    }
    return bits
  }
}
