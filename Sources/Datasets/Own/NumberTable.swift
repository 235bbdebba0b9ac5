import Foundation
import Tensors

/// Tables of numbers with a column of labels, one sample a row: CSV or TSV files under one heading.
struct NumberTable: OwnSource {
  private let rows: [(file: String, line: Int)]
  private let values: [Float]
  private let labels: [String]
  private let columns: Int

  /// The headings that are taken for the labels' where the format names none.
  static let customaryLabels = ["label", "class", "target", "y"]

  /// The rows of the files at `paths`, in order, which may take `limit` bytes.
  init(paths: [String], format: SampleFormat, limit: Int) throws(DatasetError) {
    var (rows, values, labels): ([(String, Int)], [Float], [String]) = ([], [], [])
    var first: [String]?
    for path in paths {
      var text = try CSVRows(path: path, limit: limit)
      let heading = try text.heading()
      if let first, first != heading {
        throw .malformed(
          path: path, at: "line 1", reason: "its heading isn't that of \(paths[0])",
          remedy: "give all tables of a folder the same columns in the same order")
      }
      first = heading
      let label = try Self.labelColumn(of: heading, format: format, path: path)
      if let wanted = format.imageShape, wanted != [heading.count - 1, 1, 1] {
        throw .wrongSize(path: path, found: [heading.count - 1], wanted: format.input ?? wanted)
      }
      let file = (path as NSString).lastPathComponent
      while let row = try text.row(columns: heading.count) {
        for (column, cell) in row.cells.enumerated() where column != label {
          guard let value = Float(cell), value.isFinite else {
            throw .malformed(
              path: path, at: "line \(row.line), column “\(heading[column])”",
              reason: cell.isEmpty
                ? "the cell is empty" : "“\(cell.prefix(40))” isn't a finite number",
              remedy: "write numbers with a decimal point, or leave the row or column out")
          }
          values.append(value)
        }
        labels.append(row.cells[label])
        rows.append((file, row.line))
        guard 4 * values.count <= limit else {
          throw .tooLarge(path: path, announced: 4 * values.count, limit: limit)
        }
      }
    }
    (self.rows, self.values, self.labels) = (rows, values, labels)
    columns = max(0, (first?.count ?? 1) - 1)
  }

  private static func labelColumn(
    of heading: [String], format: SampleFormat, path: String
  ) throws(DatasetError) -> Int {
    let wanted = format.labelColumn.map { [$0] } ?? customaryLabels
    let found = wanted.lazy.compactMap { name in
      heading.firstIndex { $0.lowercased() == name.lowercased() }
    }.first
    guard let found else {
      let isHeadless = heading.allSatisfy { Double($0) != nil }
      throw .malformed(
        path: path, at: "line 1",
        reason: isHeadless
          ? "it has no heading"
          : "no column “\(wanted.joined(separator: "”, “"))” among “"
            + heading.prefix(20).joined(separator: "”, “") + "”",
        remedy: isHeadless
          ? "write the names of the columns above the numbers"
          : "name the column of labels under data.label")
    }
    guard heading.count > 1 else {
      throw .malformed(
        path: path, at: "line 1", reason: "there is no column but the labels'",
        remedy: "give columns of numbers; cells are parted by commas, semicolons or tabs")
    }
    return found
  }

  var keys: [String] { rows.map { "\($0.file):\($0.line)" } }
  var isSegmentation: Bool { false }

  func input() -> Shape? { rows.isEmpty ? nil : [columns] }

  func labelNames() -> [String] { Set(labels).sorted(by: ClassNames.precede) }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let (file, line) = rows[index]
    let label = try stack.names.number(of: labels[index], path: file, at: "line \(line)")
    guard stack.input == [columns, 1, 1] else {
      throw .wrongSize(path: file, found: [columns], wanted: stack.input)
    }
    try stack.append(
      .floats(Array(values[index * columns..<(index + 1) * columns])), labels: [label], path: file)
  }
}
