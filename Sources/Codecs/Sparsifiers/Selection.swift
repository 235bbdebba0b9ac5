/// The positions that a sparsifier keeps, and by what their values are scaled.
package struct Selection: Hashable, Sendable {
  /// The ascending positions.
  let positions: [UInt32]
  /// The factor of the values but the first `raised`.
  let factor: Float
  /// How many values, from the first on, are multiplied by one more than `factor`.
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
