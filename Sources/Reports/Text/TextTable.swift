/// A table in fixed-width text that gives columns up where the width doesn't suffice.
struct TextTable {
  /// A column: its head, on up to two lines, and how dear it is.
  struct Column {
    var head: [String]
    /// Columns of the lowest rank go first where there isn't room; those of rank 0 never go.
    var rank: Int
    var alignsLeft: Bool

    init(_ head: String..., rank: Int = 0, alignsLeft: Bool = false) {
      self.init(head, rank: rank, alignsLeft: alignsLeft)
    }

    init(_ head: [String], rank: Int = 0, alignsLeft: Bool = false) {
      self.head = head
      self.rank = rank
      self.alignsLeft = alignsLeft
    }
  }

  var columns: [Column]
  /// The cells of each row, as many as columns; an empty row is a rule.
  private(set) var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "\(cells.count) cells, \(columns.count) columns")
    rows.append(cells)
  }

  /// Draws a line between the rows before and after.
  mutating func rule() { rows.append([]) }

  /// The lines of the table, at most `width` wide as far as columns can be given up.
  func lines(width: Int, style: Style) -> [String] {
    var shown = Array(columns.indices)
    let widths = columns.indices.map(self.width(of:))
    func total(gap: Int) -> Int {
      shown.map { widths[$0] }.reduce(0, +) + gap * max(0, shown.count - 1)
    }
    while total(gap: 1) > width,
      let least = shown.filter({ columns[$0].rank > 0 })
        .min(by: { columns[$0].rank < columns[$1].rank })
    {
      shown.removeAll { $0 == least }
    }
    let gap = total(gap: 2) <= width ? 2 : 1
    func line(_ cells: (Int) -> String) -> String {
      let padded = shown.map { index in
        Self.padded(cells(index), to: widths[index], alignsLeft: columns[index].alignsLeft)
      }
      let text = padded.joined(separator: String(repeating: " ", count: gap))
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let depth = columns.map(\.head.count).max() ?? 0
    var lines = (0..<depth).map { level in
      style.strong(
        line { index in
          let head = columns[index].head
          let first = depth - head.count  // heads stand on the rows, not under the ceiling
          return level < first ? "" : head[level - first]
        })
    }
    for row in rows {
      if row.isEmpty {
        lines.append(style.faint(String(repeating: "─", count: total(gap: gap))))
      } else {
        lines.append(line { row[$0] })
      }
    }
    return lines
  }

  private func width(of column: Int) -> Int {
    let cells = rows.compactMap { $0.isEmpty ? nil : $0[column].count }
    return (columns[column].head.map(\.count) + cells).max() ?? 0
  }

  private static func padded(_ text: String, to width: Int, alignsLeft: Bool) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return alignsLeft ? text + space : space + text
  }
}

/// Emphasis and colour of text on a terminal, if any.
struct Style: Hashable, Sendable {
  /// True if escape sequences may be written (ECMA-48, select graphic rendition).
  var isOn: Bool

  func strong(_ text: String) -> String { wrapped(text, "1") }
  func faint(_ text: String) -> String { wrapped(text, "2") }
  func good(_ text: String) -> String { wrapped(text, "32") }
  func bad(_ text: String) -> String { wrapped(text, "31") }

  private func wrapped(_ text: String, _ code: String) -> String {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
