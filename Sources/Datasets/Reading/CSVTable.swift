/// A table of separated values under a heading (RFC 4180): quoted cells, line ends and byte order
/// marks of any program.
struct CSVTable {
  /// The path of the table.
  let path: String
  /// The names of the columns.
  let heading: [String]
  /// The rows below, each with as many cells, and the lines that they begin in, from 1.
  let rows: [(line: Int, cells: [String])]

  /// Reads the file at `path`, plain or compressed, of at most 16 MiB.
  init(path: String) throws(DatasetError) {
    var file = try ByteFile(path: path, limit: 1 << 24)
    var bytes = [UInt8](repeating: 0, count: 1 << 24)
    bytes.removeLast(bytes.count - (try file.readSome(into: &bytes)))
    try file.expectEnd()
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    var rows = try Self.rows(bytes, path: path)
    guard !rows.isEmpty else {
      throw .malformed(
        path: path, at: "line 1", reason: "the table is empty", remedy: "write a heading and rows")
    }
    let heading = rows.removeFirst().cells
    for row in rows where row.cells.count != heading.count {
      throw .malformed(
        path: path, at: "line \(row.line)",
        reason: "\(row.cells.count) cells under a heading of \(heading.count)",
        remedy: "give each row a cell for each column")
    }
    self.path = path
    self.heading = heading
    self.rows = rows
  }

  /// The column called `name`, in letters of either case; nil if there is none.
  func column(_ name: String) -> Int? {
    heading.firstIndex { $0.lowercased() == name.lowercased() }
  }

  private static func rows(
    _ bytes: [UInt8], path: String
  ) throws(DatasetError) -> [(line: Int, cells: [String])] {
    let (quote, feed, back) = (UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    let separator = separator(of: bytes)
    var rows: [(line: Int, cells: [String])] = []
    var (cells, cell): ([String], [UInt8]) = ([], [])
    var (line, first, isQuoted, wasQuoted) = (1, 1, false, false)
    func text() -> String {
      let text = String(decoding: cell, as: UTF8.self)
      let isPadding: (Character) -> Bool = { $0 == " " || $0 == "\t" }
      guard !wasQuoted else { return text }
      let trimmed = text.drop(while: isPadding).reversed().drop(while: isPadding).reversed()
      return String(trimmed)
    }
    func endCell() {
      cells.append(text())
      (cell, wasQuoted) = ([], false)
    }
    func endRow() {
      endCell()
      if cells != [""] { rows.append((first, cells)) }
      cells = []
    }
    var next = 0
    while next < bytes.count {
      let byte = bytes[next]
      next += 1
      if byte == feed || byte == back {
        if byte == back, next < bytes.count, bytes[next] == feed { next += 1 }
        if isQuoted { cell.append(feed) } else { endRow() }
        line += 1
        if !isQuoted { first = line }
      } else if byte == quote, isQuoted, next < bytes.count, bytes[next] == quote {
        cell.append(quote)
        next += 1
      } else if byte == quote, isQuoted || cell.allSatisfy({ $0 == UInt8(ascii: " ") }) {
        if !isQuoted { (cell, wasQuoted) = ([], true) }
        isQuoted.toggle()
      } else if byte == separator, !isQuoted {
        endCell()
      } else {
        cell.append(byte)
      }
    }
    guard !isQuoted else {
      throw .malformed(
        path: path, at: "line \(first)", reason: "a quoted cell doesn't end",
        remedy: "close it with a quotation mark")
    }
    if !cells.isEmpty || !cell.isEmpty || wasQuoted { endRow() }
    return rows
  }

  /// The separator of cells: the first of comma, semicolon and tab in the heading.
  private static func separator(of bytes: [UInt8]) -> UInt8 {
    let heading = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    return [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
      .first { heading.contains($0) } ?? UInt8(ascii: ",")
  }
}
