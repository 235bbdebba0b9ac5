/// A table of a page.
struct HTMLTable {
  let heads: [String]
  private(set) var rows: [[String]] = []

  init(_ heads: [String]) { self.heads = heads }

  mutating func add(_ cells: [String]) {
    precondition(cells.count == heads.count, "\(cells.count) cells, \(heads.count) columns")
    rows.append(cells)
  }

  func markup() -> String {
    func row(_ cells: [String], _ name: String) -> String {
      let written = cells.map { Markup.element(name, [:], Markup.escaped($0)) }
      return Markup.element("tr", [:], written.joined())
    }
    let head = Markup.element("thead", [:], row(heads, "th"))
    let body = Markup.element("tbody", [:], rows.map { row($0, "td") }.joined(separator: "\n"))
    return Markup.element("div", ["class": "scroll"], Markup.element("table", [:], head + body))
  }
}
