/// The record of reading one topology: the place of each key, and the faults.
final class Reading {
  private(set) var faults: [TopologyIssue] = []
  private var places: [String: TopologyIssue.Place] = [:]
  private var settled: [String: TopologyIssue.Place] = [:]
  private var unsound: Set<String> = []
  /// The sections around what is unsound.
  private var unsoundWithin: Set<String> = []
  /// The number of comparisons of words that are left, so that a long list of mistakes is no long
  /// wait.
  private var comparisons = 100_000
  private var repetitions: [String: Repetition]
  /// True if a plan is read, which leaves to each side what isn't in it.
  let isPlan: Bool

  /// Begins with the keys that were respelled because they are repeated.
  init(repetitions: [String: Repetition] = [:], isPlan: Bool = false) {
    self.repetitions = repetitions
    self.isPlan = isPlan
  }

  /// The repeated key that was respelled so; asked for once.
  func takeRepetition(spelled key: String) -> Repetition? {
    repetitions.removeValue(forKey: key)
  }

  /// Remembers where the value of `path` stands.
  func note(_ place: TopologyIssue.Place, of path: String) { places[path] = place }

  /// Takes note that the command line gave the value of `path`, and so all that is in it.
  func settle(_ path: String, at place: TopologyIssue.Place) { settled[path] = place }

  /// The option that gave the value of `path`, if one did.
  private func option(for path: String) -> TopologyIssue.Place? {
    settled.filter { $0.key == path || Self.contains($0.key, path) }
      .max { $0.key.count < $1.key.count }?.value
  }

  /// The place of `path`, or of the nearest section around it that is in the file.
  func place(of path: String) -> TopologyIssue.Place {
    if let option = option(for: path) { return option }
    // What the file doesn't hold was made for an option that sets something in it.
    if places[path] == .file, let made = settled.first(where: { Self.contains(path, $0.key) }) {
      return made.value
    }
    var path = path[...]
    while true {
      if let place = places[String(path)] { return place }
      guard let dot = path.lastIndex(where: { $0 == "." || $0 == "[" }) else {
        return places[""] ?? .file
      }
      path = path[..<dot]
    }
  }

  /// Adds a fault where `path` stands, or at `place`.
  func report(
    _ path: String, _ problem: String, remedy: String, at place: TopologyIssue.Place? = nil
  ) {
    distrust(path)
    let place = option(for: path) ?? place ?? self.place(of: path)
    faults.append(TopologyIssue(place: place, path: path, problem: problem, remedy: remedy))
  }

  /// Takes note that there is no good value for `path`, which is reported elsewhere.
  func distrust(_ path: String) {
    guard unsound.insert(path).inserted else { return }
    unsoundWithin.formUnion(Self.sections(around: path))
  }

  /// True if there is no fault in the values of `paths`, the sections around them and the values in
  /// them.
  func isSound(_ paths: String...) -> Bool {
    paths.allSatisfy { path in
      !unsound.contains(path) && !unsoundWithin.contains(path)
        && !Self.sections(around: path).contains { unsound.contains($0) }
    }
  }

  /// The one of `words` that `word` may be a misspelling of; nil if none is near, or too many words
  /// were compared already.
  func nearest(to word: String, of words: [String]) -> String? {
    guard comparisons >= words.count else { return nil }
    comparisons -= words.count
    return Spelling.nearest(to: word, of: words)
  }

  /// All faults as one error; there must be some.
  func error(file: String) -> TopologyError {
    TopologyError(file: file, faults: faults.inOrderOfFile)
  }

  /// Reports repeated keys that no section asked for.
  func reportRepetitions() {
    for (_, repetition) in repetitions.sorted(by: { $0.key < $1.key }) {
      report(
        repetition.key, "\(repetition.key) stands more than once in a section",
        remedy: "keep one of them", at: .line(repetition.line, column: 1))
    }
    repetitions = [:]
  }

  /// The sections around `path`: for "a.b[2]" these are "a.b", "a" and "", the whole file.
  private static func sections(around path: String) -> [String] {
    guard !path.isEmpty else { return [] }
    let ends = path.indices.filter { path[$0] == "." || path[$0] == "[" }
    return ends.map { String(path[..<$0]) } + [""]
  }

  private static func contains(_ section: String, _ path: String) -> Bool {
    section.isEmpty || path.hasPrefix(section + ".") || path.hasPrefix(section + "[")
  }
}

/// Finds what someone may have meant.
enum Spelling {
  /// The one of `words` that is nearest to `word`; nil if none is near.
  static func nearest(to word: String, of words: [String]) -> String? {
    let limit = 40
    guard word.count <= limit else { return nil }
    let ranked = words.map { (distance: distance(word.lowercased(), $0.lowercased()), word: $0) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, min(word.count, best.word.count) / 2) ? best.word : nil
  }

  /// The fewest insertions, deletions, substitutions and swaps of neighbours (optimal string
  /// alignment).
  static func distance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first), Array(second))
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        let substitution = last[j] + (a[i] == b[j] ? 0 : 1)
        var best = min(substitution, last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
