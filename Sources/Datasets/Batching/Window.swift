/// The part of a plane of pixels that an output shows, shifted, mirrored, and padded where it
/// reaches beyond.
struct Window {
  private let top: Int
  private let left: Int
  private let isFlipped: Bool
  private let width: Int
  private let rows: Int
  private let columns: Int
  private let shownRows: Range<Int>
  private let shownColumns: Range<Int>
  private let isWhole: Bool

  /// The window of `rows` × `columns` that `draw` puts over a plane of `height` × `width`.
  init(_ draw: AugmentationDraw, height: Int, width: Int, rows: Int, columns: Int) {
    (top, left, isFlipped) = (draw.top, draw.left, draw.isFlipped)
    (self.width, self.rows, self.columns) = (width, rows, columns)
    func shown(_ start: Int, _ extent: Int, _ output: Int) -> Range<Int> {
      let first = min(max(0, -start), output)
      return first..<max(first, min(output, extent - start))
    }
    shownRows = shown(draw.top, height, rows)
    let unflipped = shown(draw.left, width, columns)
    shownColumns =
      draw.isFlipped
      ? columns - unflipped.upperBound..<columns - unflipped.lowerBound : unflipped
    isWhole =
      top == 0 && left == 0 && !isFlipped && rows == height && columns == width
  }

  /// Fills the plane `target` with what `convert` makes of the pixels of `source`, and with
  /// `filling` beyond them.
  ///
  /// `source` holds height × width pixels, `target` rows × columns.
  @inline(__always)
  func copy<Pixel, Value>(
    _ source: UnsafeBufferPointer<Pixel>, to target: UnsafeMutableBufferPointer<Value>,
    filling: Value, _ convert: (Pixel) -> Value
  ) {
    if isWhole {
      // SAFETY: both planes are of the same size.
      for index in 0..<target.count { unsafe target[index] = convert(source[index]) }
      return
    }
    if shownRows.count < rows || shownColumns.count < columns {
      unsafe target.update(repeating: filling)
    }
    for row in shownRows {
      let to = row * columns
      let from = (row + top) * width + left
      // SAFETY: shown rows and columns are those that lie inside the source.
      if isFlipped {
        for column in shownColumns {
          unsafe target[to + column] = convert(source[from + columns - 1 - column])
        }
      } else {
        for column in shownColumns { unsafe target[to + column] = convert(source[from + column]) }
      }
    }
  }
}
