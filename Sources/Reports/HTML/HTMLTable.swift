/// A table of a page.
struct HTMLTable {
  /// A text in its place, and the figure that it shows.
  struct Cell: ExpressibleByStringInterpolation {
    let text: String
    /// The figure's place in the run's JSON, such as "totals.down.wire", and its value there.
    var figure: Figure?

    init(_ text: String, _ figure: Figure? = nil) {
      self.text = text
      self.figure = figure
    }

    init(stringLiteral text: String) { self.init(text) }
  }

  let heads: [String]
  private(set) var rows: [[Cell]] = []

  init(_ heads: [String]) { self.heads = heads }

  mutating func add(_ cells: [Cell]) {
    precondition(cells.count == heads.count, "\(cells.count) cells, \(heads.count) columns")
    rows.append(cells)
  }

  mutating func add(_ cells: [String]) { add(cells.map { Cell($0) }) }

  func markup() -> String {
    let heads = heads.map { Markup.element("th", ["scope": "col"], Markup.escaped($0)) }
    let head = Markup.element("thead", [:], Markup.element("tr", [:], heads.joined()))
    let body = rows.map { row in
      Markup.element("tr", [:], row.map(markup(of:)).joined())
    }
    return Markup.element(
      "div", ["class": "scroll", "tabindex": "0"],
      Markup.element(
        "table", [:], head + Markup.element("tbody", [:], body.joined(separator: "\n"))))
  }

  private func markup(of cell: Cell) -> String {
    let text = Markup.escaped(cell.text)
    guard let figure = cell.figure else { return Markup.element("td", [:], text) }
    return Markup.element("td", [:], figure.markup(text))
  }
}

/// A figure of the run's JSON that a page shows: where it stands there, and its value.
///
/// Scripts can read pages by it, and a test makes sure that pages say what the JSON says.
struct Figure {
  /// The place: names and, in lists, numbers from 0, with points between them.
  let path: String
  /// The value as JSON writes it; nil where it is null.
  let value: Double?

  init(_ path: String, _ value: Double?) {
    self.path = path
    self.value = value.flatMap { $0.isFinite ? $0 : nil }
  }

  init(_ path: String, _ value: Int) { self.init(path, Double(value)) }

  /// The text of the figure, marked up.
  func markup(_ text: String) -> String {
    let written = value.map { value in
      Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
    return Markup.element("data", ["data-path": path, "value": written ?? "null"], text)
  }
}
