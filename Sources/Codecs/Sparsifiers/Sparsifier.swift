/// Selects the values that are sent at all.
package protocol Sparsifier: Sendable {
  /// True if the receiver needs the message's seed.
  var needsSeed: Bool { get }

  /// Exactly how many of `count` > 0 values are kept.
  func keptCount(of count: Int) -> Int

  /// The most bytes that the positions of those kept of `count` values take; exact if that is none.
  func maximumSize(of count: Int) -> Int

  /// The bytes that positions of `count` values are expected to take.
  func expectedSize(of count: Int) -> Int

  /// Selects among `values` and appends what the receiver needs to find the positions.
  func select(
    _ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter
  ) -> Selection

  /// Reads the positions of those kept of `count` values.
  ///
  /// - Parameters:
  ///   - count: the values of the tensor.
  ///   - keys: the keys of the tensor's streams.
  ///   - reader: stands at the positions, and after them on return.
  /// - Returns: as many ascending positions below `count` as are kept.
  /// - Throws: ``CodecError`` unless the bytes describe such positions.
  func selection(
    of count: Int, keys: TensorKeys, from reader: inout ByteReader
  ) throws(CodecError) -> Selection
}

/// The positions that a sparsifier keeps, and by what their values are scaled.
package struct Selection: Hashable, Sendable {
  /// The ascending positions.
  let positions: [UInt32]
  /// The factor of the values but the first `raised`.
  let factor: Float
  /// The number of values, from the first on, that are multiplied by one more than `factor`.
  let raised: Int

  /// Adds weight·factor·value to the sums at each position, counted from `offset`.
  func scatter(_ kept: [Float], weight: Float, to sums: inout [Float], at offset: Int) {
    Kernels.scatter(
      kept, range: 0..<raised, at: positions, factor: factor + 1, weight: weight, to: &sums,
      offset: offset)
    Kernels.scatter(
      kept, range: raised..<kept.count, at: positions, factor: factor, weight: weight, to: &sums,
      offset: offset)
  }
}
