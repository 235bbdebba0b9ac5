/// The rows of separated values (RFC 4180), one after the other in bounded memory: quoted cells,
/// line ends and byte order marks of any program.
struct CSVRows: ~Copyable {
  /// A row with the line that it begins in, from 1.
  struct Row {
    /// The line.
    var line: Int
    /// The cells, without the quotation marks or spaces around them.
    var cells: [String]
  }

  private var file: ByteFile
  private var buffer: [UInt8]
  private var filled = 0
  private var next = 0
  private var line = 1
  private var separator: UInt8?

  /// The most bytes of one row, so that a file without line ends is refused.
  static let rowLimit = 1 << 24

  /// The rows of the file at `path`, plain or compressed, which may have `limit` bytes.
  init(path: String, limit: Int) throws(DatasetError) {
    var file = try ByteFile(path: path, limit: limit)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    filled = try file.readSome(into: &buffer)
    if buffer.prefix(filled).starts(with: [0xEF, 0xBB, 0xBF]) { next = 3 }
    self.file = file
    self.buffer = buffer
  }

  /// The path of the file.
  var path: String { file.path }

  /// The next row that isn't empty; nil at the end of the file.
  mutating func row() throws(DatasetError) -> Row? {
    if separator == nil { separator = Self.separator(of: buffer[next..<filled]) }
    let (quote, feed, back) = (UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    while true {
      var (cells, cell): ([String], [UInt8]) = ([], [])
      var (isQuoted, wasQuoted, size) = (false, false, 0)
      let first = line
      func endCell() {
        cells.append(wasQuoted ? String(decoding: cell, as: UTF8.self) : Self.trimmed(cell))
        (cell, wasQuoted) = ([], false)
      }
      var isEnd = true
      while let byte = try byte() {
        size += 1
        guard size <= Self.rowLimit else {
          throw .malformed(
            path: path, at: "line \(first)", reason: "the row has more than \(Self.rowLimit) bytes",
            remedy: "end each row with a line end, and close quotation marks")
        }
        if byte == feed || byte == back {
          if byte == back, try peek() == feed { _ = try self.byte() }
          line += 1
          if !isQuoted {
            isEnd = false
            break
          }
          cell.append(feed)
        } else if byte == quote, isQuoted, try peek() == quote {
          _ = try self.byte()
          cell.append(quote)
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
      let isEmpty = cells.isEmpty && Self.trimmed(cell).isEmpty && !wasQuoted
      if !isEmpty {
        endCell()
        return Row(line: first, cells: cells)
      }
      if isEnd { return nil }
    }
  }

  /// Reads the heading, the first row.
  mutating func heading() throws(DatasetError) -> [String] {
    guard let row = try row() else {
      throw .malformed(
        path: path, at: "line 1", reason: "the table is empty", remedy: "write a heading and rows")
    }
    return row.cells
  }

  /// The next row, which must have `columns` cells.
  mutating func row(columns: Int) throws(DatasetError) -> Row? {
    guard let row = try row() else { return nil }
    guard row.cells.count == columns else {
      throw .malformed(
        path: path, at: "line \(row.line)",
        reason: "\(row.cells.count) cells under a heading of \(columns)",
        remedy: "give each row a cell for each column")
    }
    return row
  }

  private mutating func peek() throws(DatasetError) -> UInt8? {
    if next == filled {
      filled = try file.readSome(into: &buffer)
      next = 0
      guard filled > 0 else { return nil }
      // The limit counts what is unpacked.
      guard file.position <= file.limit else {
        throw .tooLarge(path: path, announced: file.position, limit: file.limit)
      }
    }
    return buffer[next]
  }

  private mutating func byte() throws(DatasetError) -> UInt8? {
    guard let byte = try peek() else { return nil }
    next += 1
    return byte
  }

  private static func trimmed(_ cell: [UInt8]) -> String {
    let isPadding: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    let end = cell.lastIndex { !isPadding($0) }.map { $0 + 1 } ?? 0
    return String(decoding: cell[..<end].drop(while: isPadding), as: UTF8.self)
  }

  /// The separator of cells: the first of comma, semicolon and tab in the heading.
  private static func separator(of bytes: ArraySlice<UInt8>) -> UInt8 {
    let heading = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    return [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
      .first { heading.contains($0) } ?? UInt8(ascii: ",")
  }
}

/// A small table of separated values under a heading, whole in memory.
struct CSVTable {
  /// The path of the table.
  let path: String
  /// The names of the columns.
  let heading: [String]
  /// The rows below, each with as many cells.
  let rows: [CSVRows.Row]

  /// Reads the file at `path`, plain or compressed, of at most 16 MiB.
  init(path: String) throws(DatasetError) {
    var text = try CSVRows(path: path, limit: 1 << 24)
    let heading = try text.heading()
    var rows: [CSVRows.Row] = []
    while let row = try text.row(columns: heading.count) { rows.append(row) }
    self.path = path
    self.heading = heading
    self.rows = rows
  }

  /// The column called `name`, in letters of either case; nil if there is none.
  func column(_ name: String) -> Int? {
    heading.firstIndex { $0.lowercased() == name.lowercased() }
  }
}
