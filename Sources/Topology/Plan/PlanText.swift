import Federation

/// The text of a plan: a line `key: value` for each value that broker and clients must agree on.
///
/// Settings come first, each a key of topologies with its value as `--set KEY=VALUE` takes it; a
/// topology can be made of them. Facts follow: what comes of the settings, which whoever makes the
/// topology computes again and compares. A plan of a key that isn't known here is refused.
package struct PlanText: Sendable {
  /// One line.
  package struct Line: Hashable, Sendable {
    /// The key, "training.batch".
    package let key: String
    /// The value on one line, "20".
    package let value: String

    /// The line of `key` with `value`.
    init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  /// The format that is written, and the only one that is read.
  package static let format = 2
  /// The most bytes of a plan that is read.
  package static let limit = PlanBytes.limit
  /// The most lines of a plan that is read.
  static let mostLines = 20_000

  /// The lines behind the first, which tells the format.
  package let lines: [Line]

  /// A plan of the given lines.
  init(_ lines: [Line]) { self.lines = lines }

  /// The whole text.
  package var text: String {
    ([Line("format", "\(Self.name) \(Self.format)")] + lines)
      .map { "\($0.key): \($0.value)\n" }.joined()
  }

  private static let name = "progfed plan"

  /// True if `text` begins as plans do.
  package static func isPlan(_ text: String) -> Bool { text.hasPrefix("format: \(name) ") }

  /// True if `text` begins as plans of this program do.
  package static func isCurrent(_ text: String) -> Bool {
    text.hasPrefix("format: \(name) \(format)\n")
  }

  /// The settings of a topology that says what the plan says, each with its line in the text.
  var settings: [(line: Line, number: Int)] {
    let isOwn = lines.contains { $0.key == "data.from" }
    return lines.enumerated().map { ($1, $0 + 2) }.filter { !Self.isFact($0.0.key, ofOwn: isOwn) }
  }

  /// The number of the line of `key` in the text; nil if there is none.
  func number(of key: String) -> Int? { lines.firstIndex { $0.key == key }.map { $0 + 2 } }
}

extension PlanText {
  /// Reads the plan in `text`, of `file` as errors name it.
  ///
  /// - Throws: everything that keeps it from being a plan of this format.
  init(reading text: String, of file: String) throws(TopologyError) {
    func error(_ place: TopologyIssue.Place, _ problem: String, _ remedy: String) -> TopologyError {
      TopologyError(
        file: file,
        faults: [TopologyIssue(place: place, path: "", problem: problem, remedy: remedy)])
    }
    guard text.utf8.count <= Self.limit else {
      throw error(
        .file, "is a plan of more than \(Self.limit >> 20) MiB",
        "ask whoever made it: no model needs so long a plan")
    }
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
    try Self.checkFormat(rows[0], error)
    guard rows.last == "", rows.count <= Self.mostLines else {
      throw error(
        .file, rows.last == "" ? "has more than \(Self.mostLines) lines" : "was cut short",
        "take another copy; progfed plan TOPOLOGY --text writes one")
    }
    var faults: [TopologyIssue] = []
    var lines: [Line] = []
    var known: Set<String> = []
    for (index, row) in rows.dropFirst().dropLast().enumerated() {
      let parts = row.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let key = String(parts[0])
      let problem: (String, String)? =
        if row.unicodeScalars.contains(where: Cursor.isControl) {
          ("has a control character", "take another copy")
        } else if parts.count < 2 || !parts[1].hasPrefix(" ") || parts[1].count < 2 {
          ("isn't a key, a colon, a space and a value", "take another copy")
        } else if !Self.isKnown(key) {
          (
            "\(Cursor.shown(key)) isn't a key of plans that this program knows",
            "the plan is of a newer program: update this one"
          )
        } else if !known.insert(key).inserted {
          ("\(Cursor.shown(key)) stands here a second time", "take another copy")
        } else {
          nil
        }
      lines.append(Line(key, parts.count < 2 ? "" : String(parts[1].dropFirst())))
      guard let problem else { continue }
      faults.append(
        TopologyIssue(
          place: .line(index + 2, column: 1), path: key, problem: problem.0, remedy: problem.1))
    }
    guard faults.isEmpty else { throw TopologyError(file: file, faults: faults) }
    self.lines = lines
  }

  /// Refuses a plan of another format.
  private static func checkFormat(
    _ row: Substring, _ error: (TopologyIssue.Place, String, String) -> TopologyError
  ) throws(TopologyError) {
    guard isPlan(String(row)) else {
      throw error(
        .line(1, column: 1), "isn't a plan: it doesn't begin with format: \(name) \(format)",
        "take what progfed plan TOPOLOGY --text writes")
    }
    let word = row.dropFirst("format: \(name) ".count)
    guard word != "\(format)" else { return }
    let isOlder = Int(word).map { $0 < format } ?? false
    throw error(
      .line(1, column: 1),
      "is a plan of \(isOlder ? "an older" : "a newer") program (format "
        + "\(Cursor.shown(String(word)))); this one knows \(format)",
      isOlder ? "update the program that made the plan" : "update this program")
  }
}

extension PlanText {
  /// True if a plan may have `key`.
  static func isKnown(_ key: String) -> Bool {
    if keys.contains(key) || isTensors(key) { return true }
    let block = "codecs.blocks."
    return key.hasPrefix(block) && !key.dropFirst(block.count).contains(".")
  }

  /// True if the value of `key` comes of the settings.
  ///
  /// The normalization of clients' own samples is a setting, that of a data set a fact.
  private static func isFact(_ key: String, ofOwn isOwn: Bool) -> Bool {
    facts.contains(key) || isTensors(key) || (key == "data.normalization" && !isOwn)
  }

  /// True for the lines of a stage's segments, "model.2.block1".
  private static func isTensors(_ key: String) -> Bool {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && parts[0] == "model" && Int(parts[1]) != nil && !parts[2].isEmpty
  }

  private static let facts: Set = ["model.input", "model.classes", "model.objective"]

  /// The keys of plans but those of segments.
  private static let keys: Set<String> = facts.union(
    [
      "strategy", "clients", "participation.caps", "evaluation.minimum.samples",
      "evaluation.perClass",
    ]
      + section("stages", "rounds warmUp")
      + section("model", "name manifest stages width widths levels stem order loss")
      + section(
        "data",
        "name from input classes labels label fit normalization holdOut partition augmentation "
          + "slices sites siteSeed modalities limit.train roundSamples "
          + "labelCounts")
      + section("data.synthetic", "shape classes train masks seed")
      + section(
        "training",
        "epochs batch learningRate schedule optimizer momentum nesterov beta2 epsilon weightDecay "
          + "clipNorm lossLimit proximal correction options")
      + section(
        "codecs",
        "up down smallTensors initial errorFeedback downDelta reference keyframeEvery early.rounds "
          + "early.up early.downDelta"))

  private static func section(_ name: String, _ keys: String) -> [String] {
    keys.split(separator: " ").map { "\(name).\($0)" }
  }
}
