import Measures

/// An axis of a plot.
struct Axis {
  let title: String
  let kind: Scale.Kind
  /// True if only whole numbers make sense.
  let countsThings: Bool
  /// The text of a value beside a mark.
  let label: @Sendable (Double) -> String

  init(
    _ title: String, kind: Scale.Kind = .linear, countsThings: Bool = false,
    label: @escaping @Sendable (Double) -> String = { $0.brief }
  ) {
    self.title = title
    self.kind = kind
    self.countsThings = countsThings
    self.label = label
  }
}

/// The place of a plot in its picture, with axes, grid and titles.
struct Frame {
  static let size = (width: 428.0, height: 280.0)
  static let left = 72.0
  static let right = 412.0
  static let top = 22.0
  static let bottom = 236.0

  /// Marks, labels and titles for the two scales; a horizontal line for each mark of the ordinate.
  static func axes(_ x: Scale?, _ xAxis: Axis, _ y: Scale, _ yAxis: Axis) -> String {
    var parts: [String] = []
    for tick in y.ticks where !yAxis.countsThings || tick == tick.rounded() {
      let height = y.position(tick)
      parts.append(line(left, height, right, height, "grid"))
      parts.append(text(left - 6, height + 4, yAxis.label(tick), "end"))
    }
    for tick in x?.ticks ?? [] {
      let place = x?.position(tick) ?? 0
      let isFarRight = place > right - 8
      parts.append(line(place, bottom, place, bottom + 4, "axis"))
      parts.append(
        text(
          isFarRight ? size.width : place, bottom + 17, xAxis.label(tick),
          isFarRight ? "end" : "middle"))
    }
    parts.append(line(left, bottom, right, bottom, "axis"))
    parts.append(text((left + right) / 2, bottom + 36, xAxis.title, "middle"))
    parts.append(upright((top + bottom) / 2, yAxis.title))
    return parts.joined()
  }

  /// The title of an ordinate, around the height `middle`.
  static func upright(_ middle: Double, _ title: String) -> String {
    Markup.element(
      "text",
      [
        "transform": "translate(12 \(Markup.coordinate(middle))) rotate(-90)",
        "text-anchor": "middle",
      ],
      Markup.escaped(title))
  }

  /// A picture with a description for those who don't see it.
  static func picture(_ description: String, _ content: String) -> String {
    let size = "0 0 \(size.width.fixed(0)) \(size.height.fixed(0))"
    return Markup.element(
      "svg",
      [
        "viewBox": size, "role": "img", "aria-label": description,
        "xmlns": "http://www.w3.org/2000/svg",
      ], content)
  }

  static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) -> String
  {
    Markup.element(
      "line",
      [
        "x1": Markup.coordinate(x1), "y1": Markup.coordinate(y1), "x2": Markup.coordinate(x2),
        "y2": Markup.coordinate(y2), "class": kind,
      ])
  }

  /// A vertical line where something begins, with its name at the top.
  static func border(_ x: Double, _ name: String) -> String {
    // Beside the right border there is no room for the name on that side.
    let isFarRight = x > right - 46
    return line(x, top - 6, x, bottom, "border")
      + text(isFarRight ? x - 4 : x + 4, top - 8, name, isFarRight ? "end" : "start")
  }

  /// A figure beside a mark, with a rim that keeps lines behind it away.
  static func value(_ x: Double, _ y: Double, _ content: String) -> String {
    Markup.element(
      "text",
      [
        "x": Markup.coordinate(x), "y": Markup.coordinate(y), "text-anchor": "middle",
        "class": "value",
      ], Markup.escaped(content))
  }

  static func strong(_ x: Double, _ y: Double, _ content: String) -> String {
    Markup.element(
      "text",
      [
        "x": Markup.coordinate(x), "y": Markup.coordinate(y), "text-anchor": "middle",
        "class": "strong",
      ], Markup.escaped(content))
  }

  static func text(_ x: Double, _ y: Double, _ content: String, _ anchor: String) -> String {
    Markup.element(
      "text",
      ["x": Markup.coordinate(x), "y": Markup.coordinate(y), "text-anchor": anchor],
      Markup.escaped(content))
  }

  /// A rectangle between two corners that tells `title` when pointed at.
  static func box(
    x: ClosedRange<Double>, y: ClosedRange<Double>, _ kind: String, title: String
  ) -> String {
    Markup.element(
      "rect",
      [
        "x": Markup.coordinate(x.lowerBound), "y": Markup.coordinate(y.lowerBound),
        "width": Markup.coordinate(x.upperBound - x.lowerBound),
        "height": Markup.coordinate(y.upperBound - y.lowerBound), "class": kind,
      ], Markup.element("title", [:], Markup.escaped(title)))
  }

  /// The names of what is drawn, each with its colour, above the plot.
  static func legend(_ names: [(name: String, kind: String)]) -> String {
    guard !names.isEmpty else { return "" }
    let items = names.map { name, kind in
      Markup.element("span", ["class": "key \(kind)"], Markup.escaped(name))
    }
    return Markup.element("div", ["class": "legend"], items.joined())
  }
}
