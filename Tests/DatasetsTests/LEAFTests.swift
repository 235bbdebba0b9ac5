import Datasets
import Measures
import Tensors
import Testing

@Suite struct LEAFTests {
  /// An image as JSON: `ink` hundredths at its first pixel, paper elsewhere.
  private static func image(_ ink: Int) -> String {
    "[0.\(ink < 10 ? "0" : "")\(ink)" + String(repeating: ", 1.0", count: 783) + "]"
  }

  private static func user(_ name: String, _ samples: [(ink: Int, label: Int)]) -> String {
    "\"\(name)\": {\"x\": [\(samples.map { image($0.ink) }.joined(separator: ","))], "
      + "\"y\": [\(samples.map { String($0.label) }.joined(separator: ", "))]}"
  }

  private static let train = """
    {"users": ["f1_00", "f2_07"], "hierarchies": [[1, {"a": "]"}], null, true, -2.5e-3],
     "num_samples": [2, 1],
     "user_data": {\(user("f1_00", [(10, 3), (20, 61)])), \(user("f2_07", [(30, 0)]))}}
    """

  private static func folder(
    train: String = LEAFTests.train, under prefix: String = "", ending: String = ".json"
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Array(train.utf8), to: "\(prefix)train/a\(ending)")
    let more = "{\"user_data\": {\(user("f3", [(50, 9)]))}}"
    try folder.write(Array(more.utf8), to: "\(prefix)train/b\(ending)")
    let test = "{\"user_data\": {\(user("f2_07", [(40, 5)])), \(user("new", [(60, 1)]))}}"
    try folder.write(Array(test.utf8), to: "\(prefix)test/a\(ending)")
    return folder
  }

  private func error(train: String) throws -> DatasetError {
    let folder = try Self.folder(train: train)
    return try #require(
      throws: DatasetError.self,
      performing: { try DatasetLoader.load(name: "leaf-femnist", path: folder.path) })
  }

  @Test(arguments: ["", "data/"], [".json", ".json.gz"])
  func `files join, and users are known by name`(prefix: String, ending: String) throws {
    let folder = try Self.folder(under: prefix, ending: ending)
    let split = try DatasetLoader.load(name: "leaf-femnist", path: folder.path)
    #expect(split.train.labels == [3, 61, 0, 9] && split.test.labels == [5, 1])
    #expect(split.train.userNames == ["f1_00", "f2_07", "f3", "new"])
    #expect(split.train.users == [0, 0, 1, 2] && split.test.users == [1, 3])
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    #expect(pixels.count == 4 * 784)
    #expect((0..<4).map { pixels[784 * $0] } == [26, 51, 77, 128] && pixels[1] == 255)
    let dealt = try Partition.byUser.deal(split.train, to: 3, stream: RandomStream(seed: 0))
    #expect(dealt == [[0, 1], [2], [3]])
  }

  @Test(arguments: [
    ("1", 255), ("0", 0), ("1.0000", 255), ("0.5019607843137255", 128), ("5.0e-1", 128),
    ("0.00392156862745098039215686274509803921568627", 1), ("1E0", 255), ("10.0E-1", 255),
    ("-0.0", 0), ("0.0000000000000000000000004e+24", 102), ("1e-400", 0),
  ])
  func `numbers are read in every spelling`(spelling: String, byte: UInt8) throws {
    let image = "[\(spelling)" + String(repeating: ",0", count: 783) + "]"
    let folder = try Self.folder(train: "{\"user_data\":{\"u\":{\"y\":[7],\"x\":[\(image)]}}}")
    let split = try DatasetLoader.load(name: "leaf-femnist", path: folder.path)
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    #expect(pixels[0] == byte && pixels[1] == 0)
  }

  @Test func `a text cut anywhere is refused`() throws {
    let text = Array(Self.train.utf8)
    for length in Array(stride(from: 0, to: text.count, by: 97))
      + Array(text.count - 20..<text.count)
    {
      let error = try error(train: String(decoding: text.prefix(length), as: UTF8.self))
      #expect(error.description.contains("train/a.json"), "\(length) bytes")
    }
  }

  @Test(arguments: [
    ("", "expected"), ("[]", "expected"), ("{}", "user_data"), ("{\"user_data\":{}} x", "end"),
    ("{\"user_data\":{\"u\":{\"x\":[[0,1]],\"y\":[1]}}}", "2 pixels"),
    ("{\"user_data\":{\"u\":{\"x\":[[2]],\"y\":[1]}}}", "0 … 1"),
    ("{\"user_data\":{\"u\":{\"x\":[[1e999]],\"y\":[1]}}}", "0 … 1"),
    ("{\"user_data\":{\"u\":{\"x\":[],\"y\":[1]}}}", "0 images, but 1"),
    ("{\"user_data\":{\"u\":{\"y\":[1.5]}}}", "isn't a class"),
    ("{\"user_data\":{\"u\":{\"y\":[1e99]}}}", "isn't a class"),
    ("{\"user_data\":{\"u\":{\"y\":[]}},\"num_samples\":[1]}", "announces 1"),
    ("{\"user_data\":{\"u\":{\"y\":[-]}}}", "number expected"),
    ("{\"user_data\":{\"u\":{\"y\":[1e]}}}", "exponent expected"),
    ("{\"users\":], \"user_data\":{}}", "value expected"),
    ("{\"users\":, \"user_data\":{}}", "value expected"),
  ])
  func `what breaks the format is refused with its place`(text: String, reason: String) throws {
    let error = try error(train: text)
    #expect(error.description.contains(reason) && error.description.contains("byte"))
  }

  @Test func `a split without users is empty, not an error`() throws {
    let folder = try Self.folder()
    let none = #"{"users": [], "num_samples": [], "user_data": {}}"#
    try folder.write(Array(none.utf8), to: "test/a.json")
    let split = try DatasetLoader.load(name: "leaf-femnist", path: folder.path)
    #expect(split.train.count == 4 && split.test.count == 0)
  }

  @Test func `a class out of range is named`() throws {
    guard
      case .labelOutOfRange(_, sample: 0, label: 62, first: 0, classes: 62) =
        try error(train: "{\"user_data\":{\(Self.user("u", [(1, 62)]))}}")
    else { throw TestFailure() }
  }

  @Test func `deep nesting and long strings need no memory`() throws {
    let deep = String(repeating: "[", count: 200_000)
    #expect(try error(train: "{\"users\": \(deep)").description.contains("ends inside"))
    let long = String(repeating: "u", count: 100_000)
    #expect(try error(train: "{\"\(long)\": 1}").description.contains("4096"))
  }

  @Test func `samples beyond the limit are refused`() throws {
    let folder = try Self.folder(
      train: "{\"user_data\":{\(Self.user("u", (0..<20).map { ($0, 1) }))}}", ending: ".json.gz")
    let error = #expect(throws: DatasetError.self) {
      try LEAF().load(path: folder.path, limit: 9000)
    }
    guard case .tooLarge = error else { throw TestFailure() }
  }

  @Test func `a folder without files names what it lacks`() throws {
    let folder = try TemporaryFolder()
    try folder.write([], to: "train/readme.txt")
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "leaf-femnist", path: folder.path)
    }
    #expect(error?.description.contains("leaf.cmu.edu") == true)
  }
}
