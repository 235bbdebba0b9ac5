/// Bars side by side, each of parts on top of each other, and a line across each to compare with.
struct BarPlot {
  /// One bar.
  struct Bar {
    let name: String
    /// The parts from the bottom on, as many as there are part names.
    let parts: [Double]
    /// The height to compare with.
    var limit: Double?
  }

  let description: String
  let x: Axis
  let y: Axis
  let partNames: [String]
  let bars: [Bar]
  var limitName = ""

  /// The picture and its legend.
  func markup() -> String {
    let heights = bars.map { max($0.parts.reduce(0, +), $0.limit ?? 0) }
    let scale = Scale(
      covering: heights, kind: .linear, fromZero: true, pixels: (Frame.bottom, Frame.top))
    var drawn = [Frame.axes(nil, x, scale, y)]
    let pitch = (Frame.right - Frame.left) / Double(max(1, bars.count))
    // A name takes some 54 pixels; where bars are narrower, only some get theirs.
    let every = max(1, Int((54 / pitch).rounded(.up)))
    for (index, bar) in bars.enumerated() {
      let left = Frame.left + pitch * (Double(index) + 0.15)
      let place = left...(left + 0.7 * pitch)
      var base = 0.0
      for (part, height) in bar.parts.enumerated() where height > 0 {
        let extent = scale.position(base + height)...scale.position(base)
        let name = partNames.indices.contains(part) ? partNames[part] : ""
        drawn.append(
          Frame.box(
            x: place, y: extent, "bar s\(part + 1)",
            title: "\(bar.name): \(name) \(y.label(height))"))
        base += height
      }
      if let limit = bar.limit {
        let height = scale.position(limit)
        drawn.append(
          Frame.line(
            place.lowerBound - 0.1 * pitch, height, place.upperBound + 0.1 * pitch, height, "limit")
        )
      }
      if bars.count <= 8, base > 0 {
        let middle = (place.lowerBound + place.upperBound) / 2
        drawn.append(Frame.value(middle, height(over: base, bar.limit, scale) - 5, y.label(base)))
      }
      if index % every == 0 {
        let middle = (place.lowerBound + place.upperBound) / 2
        drawn.append(Frame.text(middle, Frame.bottom + 17, bar.name, "middle"))
      }
    }
    var names = partNames.enumerated().map { (name: $1, kind: "s\($0 + 1)") }
    if !limitName.isEmpty { names.append((name: limitName, kind: "limit")) }
    return Frame.legend(names) + Frame.picture(description, drawn.joined())
  }

  /// The place of a bar's figure: on the bar, or on the line to compare with where that crosses it.
  private func height(over base: Double, _ limit: Double?, _ scale: Scale) -> Double {
    let top = scale.position(base)
    guard let line = limit.map(scale.position(_:)), line < top + 1, line > top - 20 else {
      return top
    }
    return line
  }
}
