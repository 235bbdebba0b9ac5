import Datasets
import Foundation
import Tensors
import Testing

/// Tables of numbers with a column of labels.
@Suite struct OwnTableTests {
  private static func read(
    _ text: String, name: String = "sensors.csv", format: SampleFormat = SampleFormat()
  ) throws -> Dataset {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), to: name)
    return try OwnSamples.read(path: path, format: format, holdOut: .none, seed: 1).train
  }

  private static func fault(
    _ text: String, format: SampleFormat = SampleFormat()
  ) throws -> String {
    let error = #expect(throws: DatasetError.self) { try read(text, format: format) }
    return error.map(String.init(describing:)) ?? ""
  }

  @Test(arguments: [",", ";", "\t"])
  func `marks, quotes, separators and line ends of any program are read`(mark: String) throws {
    let text =
      "\u{FEFF}a,\"b, b\",class\r\n1.5,\" 2\",\"w\"\"x\"\r\n-3e2,4, y \r\n\r\n".replacing(
        ",", with: mark)
    let table = try Self.read(text.replacing("\" 2\"", with: "2"))
    guard case .floats(let values) = table.pixels else { throw TestFailure() }
    #expect(values == [1.5, 2, -300, 4])
    #expect(table.input == [2, 1, 1])
    #expect(table.labels == [0, 1])
  }

  @Test func `the column of labels is the one that the format names, in any place`() throws {
    let format = SampleFormat(labels: .classes(["up", "down"]), labelColumn: "state")
    let table = try Self.read("x,state,y\n1,down,2\n3,up,4\n", format: format)
    guard case .floats(let values) = table.pixels else { throw TestFailure() }
    #expect(values == [1, 2, 3, 4])
    #expect(table.labels == [1, 0])
    #expect(try OwnSamplesInput.of("x,state,y\n1,down,2\n", format: format) == [2])
  }

  @Test func `faults are told with file, line and column`() throws {
    #expect(
      try Self.fault("a,b,label\n1,2,x\n1,two,x\n").contains(
        "sensors.csv: line 3, column “b”: “two” isn't a finite number"))
    #expect(try Self.fault("a,label\n,x\n").contains("line 2, column “a”: the cell is empty"))
    #expect(try Self.fault("a,label\nnan,x\n").contains("line 2"))
    #expect(try Self.fault("a,label\n1\n").contains("line 2: 1 cells under a heading of 2"))
    #expect(try Self.fault("a,b\n1,2\n").contains("no column “label”"))
    #expect(try Self.fault("1,2\n3,4\n").contains("no heading"))
    #expect(try Self.fault("a,label\n\"1,x\n").contains("a quoted cell doesn't end"))
    let wide = SampleFormat(input: [3], labels: .classes(["x"]))
    #expect(try Self.fault("a,label\n1,x\n", format: wide).contains("is of 1"))
    let known = SampleFormat(labels: .classes(["y"]))
    #expect(try Self.fault("a,label\n1,x\n", format: known).contains("line 2: “x”"))
  }

  @Test func `several tables of one heading are one, and those of train and test two`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("a,label\n1,x\n".utf8), to: "monday.csv")
    try folder.write(Array("a,label\n2,y\n3,x\n".utf8), to: "tuesday.csv.gz")
    let both = try OwnSamples.read(
      path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
    #expect(both.train.count == 3)
    let parts = try TemporaryFolder()
    try parts.write(Array("a,label\n1,x\n5,y\n".utf8), to: "train.csv")
    try parts.write(Array("a,label\n2,x\n".utf8), to: "test.csv")
    let split = try OwnSamples.read(path: parts.path, format: SampleFormat(), seed: 1)
    #expect((split.train.count, split.test.count) == (2, 1))
    try folder.write(Array("b,label\n1,x\n".utf8), to: "wednesday.csv")
    #expect {
      try OwnSamples.read(path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
    } throws: { "\($0)".contains("wednesday.csv: line 1") }
  }
}

/// The shape that a table gives.
enum OwnSamplesInput {
  static func of(_ text: String, format: SampleFormat) throws -> Shape? {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), to: "t.csv")
    return try OwnSamples.format(of: path, as: format).input
  }
}
