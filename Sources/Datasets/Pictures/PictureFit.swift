import Tensors

/// The way of a picture into the shape that a network sees: channels, then rows and columns.
struct PictureFit {
  /// The wanted shape, `[C, H, W]`.
  let input: Shape
  /// The treatment of other rows and columns.
  let fit: SampleFormat.Fit

  /// Refuses a picture that can't or mustn't be brought into shape.
  func check(_ header: Picture.Header, path: String) throws(DatasetError) {
    let channels = input.dimensions[0]
    let isSame = [header.rows, header.columns] == Array(input.dimensions[1...])
    guard (1...4).contains(channels), isSame || fit == .resize else {
      throw .wrongSize(
        path: path, found: [header.channels, header.rows, header.columns], wanted: input)
    }
  }

  /// The picture in shape, one channel after the other.
  ///
  /// Grey stands for each colour; a colour's grey is its luma (ITU-R BT.601); alpha is left out, or
  /// full where it is wanted and there is none.
  func intensities(of picture: Picture) -> Intensities {
    switch picture.intensities {
    case .bytes(let values): .bytes(shaped(values, picture.header))
    case .words(let values): .words(shaped(values, picture.header))
    case .floats(let values): .floats(values)
    }
  }

  private func shaped<Value: FixedWidthInteger & UnsignedInteger>(
    _ values: [Value], _ header: Picture.Header
  ) -> [Value] {
    let (channels, rows, columns) = (
      input.dimensions[0], input.dimensions[1], input.dimensions[2]
    )
    let planes = planes(values, from: header.channels, to: channels)
    guard header.rows != rows || header.columns != columns else { return planes }
    let area = header.rows * header.columns
    let (down, across) = (
      AxisWeights(from: header.rows, to: rows), AxisWeights(from: header.columns, to: columns)
    )
    return (0..<channels).flatMap { channel in
      let plane = planes[channel * area..<(channel + 1) * area].map { Double($0) }
      return across.alongRows(
        of: down.alongColumns(of: plane, columns: header.columns), columns: header.columns
      ).map {
        Value(max(0, min(Double(Value.max), $0.rounded())))
      }
    }
  }

  private func planes<Value: FixedWidthInteger & UnsignedInteger>(
    _ values: [Value], from: Int, to: Int
  ) -> [Value] {
    guard from != 1 || to != 1 else { return values }
    let area = values.count / from
    var result = [Value](repeating: .max, count: to * area)
    let (hasColour, hasAlpha) = (from > 2, from == 2 || from == 4)
    for pixel in 0..<area {
      let place = pixel * from
      if to < 3 {
        result[pixel] = hasColour ? Self.luma(values[place..<place + 3]) : values[place]
      } else {
        for colour in 0..<3 {
          result[colour * area + pixel] = values[hasColour ? place + colour : place]
        }
      }
      if to == 2 || to == 4, hasAlpha {
        result[(to - 1) * area + pixel] = values[place + from - 1]
      }
    }
    return result
  }

  private static func luma<Value: FixedWidthInteger>(_ colour: ArraySlice<Value>) -> Value {
    let first = colour.startIndex
    let (red, green, blue) = (
      UInt64(colour[first]), UInt64(colour[first + 1]), UInt64(colour[first + 2])
    )
    return Value(truncatingIfNeeded: (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
  }
}

/// The pixels along one axis that make each new one: the mean of an area where there are fewer, a
/// place between two where there are more.
struct AxisWeights {
  private let weights: [(first: Int, shares: [Double])]

  /// Weights that bring `old` pixels to `new`.
  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    weights = (0..<new).map { place in
      guard old > new else {
        let centre = max(0, min(Double(old - 1), (Double(place) + 0.5) * scale - 0.5))
        let first = min(Int(centre), max(0, old - 2))
        let part = centre - Double(first)
        return old == 1 ? (0, [1]) : (first, [1 - part, part])
      }
      let (start, end) = (Double(place) * scale, Double(place + 1) * scale)
      let (first, last) = (Int(start), min(old, Int(end.rounded(.up))))
      return (
        first,
        (first..<last).map {
          (min(end, Double($0 + 1)) - max(start, Double($0))) / scale
        }
      )
    }
  }

  /// The rows of `plane`, brought to as many as there are weights.
  func alongColumns(of plane: [Double], columns: Int) -> [Double] {
    weights.flatMap { first, shares in
      (0..<columns).map { column in
        var sum = 0.0
        for (row, share) in shares.enumerated() {
          sum += share * plane[(first + row) * columns + column]
        }
        return sum
      }
    }
  }

  /// Each row of `plane`, brought to as many pixels as there are weights, `plane` being whole rows
  /// of the old extent.
  func alongRows(of plane: [Double], columns: Int) -> [Double] {
    (0..<plane.count / columns).flatMap { row in
      weights.map { first, shares in
        var sum = 0.0
        for (column, share) in shares.enumerated() {
          sum += share * plane[row * columns + first + column]
        }
        return sum
      }
    }
  }

  /// The old places nearest to each new one's middle.
  static func nearest(from old: Int, to new: Int) -> [Int] {
    (0..<new).map { min(old - 1, (2 * $0 + 1) * old / (2 * new)) }
  }
}
