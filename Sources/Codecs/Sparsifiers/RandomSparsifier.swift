/// Random-k by seed: one position from each of k = ⌈p·n⌉ consecutive ranges; unbiased.
///
/// The ranges share the n positions evenly, the first n mod k being one longer. A position is kept
/// with probability one over its range's length, and its value is multiplied by that length, 1/p
/// where that is whole. Both ends draw the same positions, so none travel, and the kept count is
/// exact.
struct RandomSparsifier: Sparsifier {
  let share: Percentage

  var needsSeed: Bool { true }

  func keptCount(of count: Int) -> Int { share.count(of: count) }

  func maximumSize(of count: Int) -> Int { 0 }

  func expectedSize(of count: Int) -> Int { 0 }

  func select(
    _ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter
  ) -> Selection { selection(of: values.count, keys: keys) }

  func selection(
    of count: Int, keys: TensorKeys, from reader: inout ByteReader
  ) throws(CodecError) -> Selection { selection(of: count, keys: keys) }

  private func selection(of count: Int, keys: TensorKeys) -> Selection {
    let parts = keptCount(of: count)
    return Selection(
      positions: Kernels.drawStrata(of: count, parts: parts, key: keys.positions),
      factor: Float(count / parts), raised: count % parts)
  }
}
