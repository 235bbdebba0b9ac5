/// A table of a page.
struct HTMLTable {
  /// What stands in one place: a text, and the figure that it shows.
  struct Cell: ExpressibleByStringInterpolation {
    let text: String
    /// Where the figure stands in the run's JSON, such as "totals.down.wire", and its value there.
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
