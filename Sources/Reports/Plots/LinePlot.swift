/// Curves over a common abscissa.
struct LinePlot {
  /// A curve: its points in the order in which they are joined.
  struct Series {
    let name: String
    let points: [(x: Double, y: Double)]
  }

  let description: String
  let x: Axis
  let y: Axis
  let series: [Series]
  /// Vertical lines with names: where stages begin.
  var borders: [(x: Double, name: String)] = []
  /// True if the points are joined.
  var isJoined = true
  /// Areas behind the curves, each over the places where its lower and upper borders are known.
  var bands: [(name: String, places: [(x: Double, lower: Double, upper: Double)])] = []
  /// Power laws over the extent of the series of that place; straight where both axes are
  /// logarithmic.
  var trends: [(series: Int, law: PowerLaw)] = []
  /// Points that a stepped line runs through, from the left: a Pareto front.
  var front: [(x: Double, y: Double)] = []

  /// The picture and its legend.
  func markup() -> String {
    let points = series.flatMap(\.points)
    let ends = trends.compactMap(ends(of:))
    let xScale = Scale(
      covering: points.map(\.x), kind: x.kind, fromZero: true, isTight: true,
      pixels: (Frame.left, Frame.right))
    let yScale = Scale(
      covering: points.map(\.y) + ends.flatMap { [$0.from.y, $0.to.y] }
        + bands.flatMap { $0.places.flatMap { [$0.lower, $0.upper] } },
      kind: y.kind, pixels: (Frame.bottom, Frame.top))
    var parts = [Frame.axes(xScale, x, yScale, y)]
    var last = -Double.infinity
    for border in borders where xScale.domain.contains(border.x) {
      let place = xScale.position(border.x)
      // Names that would stand on each other are left to the line alone.
      parts.append(Frame.border(place, place - last > 46 ? border.name : ""))
      last = place
    }
    if front.count > 1 {
      var steps: [(Double, Double)] = []
      for point in front {
        if let last = steps.last { steps.append((xScale.position(point.x), last.1)) }
        steps.append((xScale.position(point.x), yScale.position(point.y)))
      }
      parts.append(path(steps, "front"))
    }
    for (index, band) in bands.enumerated() where !band.places.isEmpty {
      let outline =
        band.places.map { (xScale.position($0.x), yScale.position($0.lower)) }
        + band.places.reversed().map { (xScale.position($0.x), yScale.position($0.upper)) }
      parts.append(path(outline, "band s\(index % 8 + 1)"))
    }
    for trend in ends {
      let line = [trend.from, trend.to].map { (xScale.position($0.x), yScale.position($0.y)) }
      parts.append(path(line, "trend s\(trend.series % 8 + 1)"))
    }
    for (index, curve) in series.enumerated() {
      let kind = "s\(index % 8 + 1)"
      let drawn = curve.points.filter { usable($0) }
      let places = drawn.map { (xScale.position($0.x), yScale.position($0.y)) }
      if isJoined, places.count > 1 { parts.append(path(places, "curve \(kind)")) }
      // Beyond some hundred, marks hide the curve and swell the page.
      if places.count <= 150 || !isJoined {
        for (point, place) in zip(drawn, places) {
          parts.append(mark(place, kind, "\(curve.name): \(x.label(point.x)), \(y.label(point.y))"))
        }
      }
    }
    let names =
      series.enumerated().map { ($1.name, "s\($0 % 8 + 1)") }
      + bands.enumerated().map { ($1.name, "band s\($0 % 8 + 1)") }
    return Frame.legend(names) + Frame.picture(description, parts.joined())
  }

  /// The ends of a trend; nil where its series has no usable points.
  private func ends(
    of trend: (series: Int, law: PowerLaw)
  ) -> (series: Int, from: (x: Double, y: Double), to: (x: Double, y: Double))? {
    let places = series[trend.series].points.filter(usable).map(\.x)
    guard let first = places.min(), let last = places.max() else { return nil }
    return (
      trend.series, (first, trend.law.value(at: first)), (last, trend.law.value(at: last))
    )
  }

  private func usable(_ point: (x: Double, y: Double)) -> Bool {
    point.x.isFinite && point.y.isFinite && (x.kind != .logarithmic || point.x > 0)
      && (y.kind != .logarithmic || point.y > 0)
  }

  private func path(_ places: [(Double, Double)], _ kind: String) -> String {
    let steps = places.enumerated().map { index, place in
      "\(index == 0 ? "M" : "L")\(Markup.coordinate(place.0)) \(Markup.coordinate(place.1))"
    }
    return Markup.element("path", ["d": steps.joined(), "class": kind])
  }

  private func mark(_ place: (Double, Double), _ kind: String, _ title: String) -> String {
    Markup.element(
      "circle",
      [
        "cx": Markup.coordinate(place.0), "cy": Markup.coordinate(place.1),
        "r": isJoined ? "2.5" : "5", "class": "mark \(kind)",
      ], Markup.element("title", [:], Markup.escaped(title)))
  }
}
