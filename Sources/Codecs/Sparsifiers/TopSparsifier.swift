/// Top-k: the ⌈p·n⌉ values of largest magnitude, of equal ones the first; biased.
///
/// The positions travel as Golomb–Rice coded gaps or as a bitmap, whichever is shorter.
struct TopSparsifier: Sparsifier {
  let share: Percentage

  var needsSeed: Bool { false }

  func keptCount(of count: Int) -> Int { share.count(of: count) }

  func maximumSize(of count: Int) -> Int {
    PositionCode.maximumSize(kept: keptCount(of: count), of: count, share: share)
  }

  func expectedSize(of count: Int) -> Int {
    PositionCode.expectedSize(kept: keptCount(of: count), of: count, share: share)
  }

  func select(
    _ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter
  ) -> Selection {
    let positions = Self.largest(keptCount(of: values.count), of: values)
    PositionCode.append(positions, of: values.count, share: share, to: &writer)
    return Selection(positions: positions, factor: 1, raised: 0)
  }

  func selection(
    of count: Int, keys: TensorKeys, from reader: inout ByteReader
  ) throws(CodecError) -> Selection {
    Selection(
      positions: try PositionCode.read(kept: keptCount(of: count), of: count, from: &reader),
      factor: 1, raised: 0)
  }

  /// The ascending positions of the `kept` values of largest magnitude, in linear time.
  ///
  /// One pass counts magnitudes by their leading bits, one lists those that may be kept; only among
  /// these is the exact threshold searched, again by counting bits.
  static func largest(_ kept: Int, of values: ArraySlice<Float>) -> [UInt32] {
    let counts = Kernels.countMagnitudes(values)
    var bin = counts.count
    var candidates = 0
    repeat {
      bin -= 1
      candidates += Int(counts[bin])
    } while candidates < kept
    let positions = Kernels.listMagnitudes(values, least: UInt32(bin) << 19, count: candidates)
    guard candidates > kept else { return positions }

    let start = values.startIndex
    let magnitudes = positions.map { values[start + Int($0)].magnitude.bitPattern }
    // Of those in the lowest bin, how many are kept; then bit by bit the least magnitude kept.
    var wanted = kept - (candidates - Int(counts[bin]))
    var threshold = UInt32(bin) << 19
    var open = magnitudes.filter { $0 >> 19 == UInt32(bin) }
    for bit in stride(from: UInt32(18), through: 0, by: -1) where !open.isEmpty {
      let isSet = UInt32(1) << bit
      let upper = open.count { $0 & isSet != 0 }
      if upper >= wanted {
        threshold |= isSet
        open.removeAll { $0 & isSet == 0 }
      } else {
        wanted -= upper
        open.removeAll { $0 & isSet != 0 }
      }
    }
    var equals = wanted
    var largest: [UInt32] = []
    largest.reserveCapacity(kept)
    for (position, magnitude) in zip(positions, magnitudes) where magnitude >= threshold {
      if magnitude == threshold {
        guard equals > 0 else { continue }
        equals -= 1
      }
      largest.append(position)
    }
    return largest
  }
}
