import Bytes
import Codecs
import Datasets
import Federation
import Foundation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// Files that aren't YAML, or more than a topology needs of it.
struct YAMLTests {
  @Test(arguments: [
    ("clients: \"10\n", 2), ("clients: 10\n  rounds: 3\n", 2), ("a: [1, 2\n", 2),
    ("\tclients: 10\n", 1), ("clients: 10\nrounds: @3\n", 2), ("clients: 1\n...\n---\nb: 2\n", 3),
    ("clients: 10\nrounds: 3\u{0}\n", 2), ("clients: 10\nname: a\u{7}b\n", 2),
    ("clients: *all\n", 1), ("a: &b [1]\nc: [\"#\", *b]\n", 2),
    (String(repeating: "[", count: 5000), 1),
  ])
  func `what can't be read is one fault with its line`(text: String, line: Int) throws {
    let faults = Texts.faults(text)
    #expect(faults.count == 1)
    #expect(faults.first?.line == line, "\(faults.map(\.words))")
  }

  @Test(arguments: ["", "# nothing\n", "---\n", "~\n", "[1, 2]\n", "convnet\n"])
  func `a file without keys is refused`(text: String) {
    #expect(!Texts.faults(text).isEmpty)
  }

  @Test func `a file that is too large is refused unread`() {
    let faults = Texts.faults(String(repeating: "# a long comment\n", count: 20_000))
    #expect(faults.map(\.place) == [.file])
    #expect(faults.first?.words.contains("KiB") == true)
  }

  @Test func `comments and quoted words may contain asterisks`() throws {
    let lines = Texts.with("name: \"a * b\" # 2 * 3", "seed: 3")
    let topology = try Texts.topology("# *all* of it\n" + lines)
    #expect(topology.name == "a * b")
  }

  @Test(arguments: [
    "name: Anna's run\n# the *stars* of the show\n", "name: Anna's run # *stars*\n",
    "name: rock 'n' roll\n# don't use *base* here\n", "name: 'it''s' # 5 *apples* and &pears\n",
    "name: \"a\"\n# \"*b*\" isn't an alias of anything\n", "name: a # it's &b, *c and *d\n",
    "name: \"*a* &b *c\"\n", "name: |-\n  a 'b *c\n",
  ])
  func `asterisks that are no aliases are left alone`(line: String) throws {
    #expect(try Texts.topology(Texts.least + line).name.isEmpty == false)
  }

  @Test(arguments: [
    ("a: &b [1]\nc: ' # '\nd: *b # it's\n", 3), ("a: &b 1\nc: \"x # \" \nd: [\"#\",*b]\n", 3),
    ("a: &b 1\nc: \"x\n  # y\"\nd: *b\n", 4), ("a: &b 1\n<<: *b\n", 2),
    ("name: *stars*\n", 1), ("a: &b 1\nc: it's # '\nd: {*b : 2}\n", 3),
  ])
  func `aliases are told as such, whatever stands around them`(text: String, line: Int) {
    let faults = Texts.faults(text)
    #expect(faults.map(\.line) == [line], "\(faults.map(\.words))")
    #expect(faults.first?.words.contains("alias") == true, "\(faults.map(\.words))")
  }

  /// `count` lines, each of which `line` makes of its number.
  private static func lines(_ count: Int, _ line: (Int) -> String) -> String {
    (0..<count).map(line).joined()
  }

  /// Texts near the limit, each full of one kind of mistake or of names.
  private static func longTexts() -> [String] {
    let links = lines(4000) { "  link\($0): {down: 1 Mbit/s, up: 1 Mbit/s}\n" }
    let groups = lines(2000) { "  g\($0): {link: lonk\($0)}\n" }
    let devices = lines(3000) { "  d\($0): {speed: 1 GFLOP/s}\n" }
    let members = lines(3000) { "  g\($0): {device: d\($0), clients: 1}\n" }
    let faults = lines(8000) { _ in "- {at: 1 s, do: kil}\n" }
    let clients = lines(20_000) { _ in "0-999999," }
    return [
      lines(15_000) { "key\($0): 1\n" }, "training:\n\(lines(15_000) { "  bacth\($0): 1\n" })",
      lines(15_000) { _ in "seed: 1\n" }, "links:\n\(links)groups:\n\(groups)",
      "devices:\n\(devices)groups:\n\(members)", "faults:\n\(faults)",
      "participation:\n  caps: [{stage: 1, clients: '\(clients)1'}]\n",
      "name: '\(lines(80_000) { _ in "# '" })\noops: 1\n",
    ]
  }

  @Test(.timeLimit(.minutes(1)), arguments: longTexts())
  func `a long list of mistakes isn't a long wait`(lines: String) {
    let start = ContinuousClock.now
    #expect(!Texts.faults(Texts.least + lines).isEmpty)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test(.timeLimit(.minutes(1)))
  func `a small file that would unfold into a huge one is refused`() {
    var text = "a0: &a0 [x, x]\n"
    for level in 1...18 {
      text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
    }
    text += "? *a18\n: 1\n"
    #expect(Texts.faults(text).map(\.line) == [2])
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "{? "])
  func `deep nesting is refused`(opening: String) async {
    let text = String(repeating: opening, count: 20_000)
    let faults = await Task.detached { Texts.faults(text) }.value
    #expect(faults.count == 1)
  }

  @Test(arguments: [
    ("seed: 1\nseed: 2\n", [8]), ("seed: 1\nseed: 2\nseed: 3\n", [9, 9]),
    ("training: {batch: 1, batch: 2}\n", [7]), ("\"seed\": 1\n'seed': 2\n", [8]),
    ("training: {batch: 1}\ntraining: {batch: 2}\n", [8]),
    ("training:\n  epochs: 1\n  epochs: 2\nlimits:\n  chunk: 1 kB\n  chunk: 2 kB\n", [9, 12]),
  ])
  func `repeated keys are told where they stand again`(lines: String, expected: [Int]) {
    let faults = Texts.faults(Texts.least + lines)
    #expect(faults.map(\.line) == expected)
    #expect(faults.allSatisfy { $0.words.contains("stands here and in line") })
  }

  @Test func `keys that aren't words are refused`() {
    #expect(Texts.faults(Texts.with("[a, b]: 1")).map(\.line) == [7])
    #expect(Texts.faults(Texts.with("? {a: 1, a: 1}\n: 2")).map(\.line) == [7, 7])
  }

  @Test(arguments: ["\r\n", "\r"]) func `lines may end as on other systems`(ending: String) throws {
    let text = Texts.with("training:", "  batch: 0").replacing("\n", with: ending)
    #expect(Texts.faults(text).map(\.line) == [8])
    _ = try Texts.topology("\u{FEFF}" + Texts.least.replacing("\n", with: ending))
  }

  @Test func `a file is read from disk, or told to be missing`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "topology-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "tiny.yaml")
    try Texts.replacing(line: 6, by: "  name: synthetic\n  path: tiny.yaml")
      .write(to: file, atomically: true, encoding: .utf8)
    let topology = try Topology(contentsOf: file.path)
    #expect(topology.name == "tiny")
    #expect(topology.data.path == file.path)
    for (path, words) in [
      (folder.appending(path: "none.yaml").path, "isn't there"), (folder.path, "is a folder"),
    ] {
      let error = #expect(throws: TopologyError.self) { try Topology(contentsOf: path) }
      #expect(error?.faults.map(\.place) == [.file])
      #expect(error.map { "\($0)" }?.contains(words) == true)
    }
    try Data([0x63, 0xFF, 0xFE]).write(to: file)
    let error = #expect(throws: TopologyError.self) { try Topology(contentsOf: file.path) }
    #expect(error?.faults.first?.problem.contains("UTF-8") == true)
  }
}

extension String {
  fileprivate func replacing(_ text: String, with other: String) -> String {
    replacingOccurrences(of: text, with: other)
  }
}
