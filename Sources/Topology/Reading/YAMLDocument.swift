import Yams

/// A YAML file as a tree, with keys that are repeated in a section respelled so that none is lost.
struct YAMLDocument {
  /// The tree; nil for an empty file.
  let root: Node?
  /// The keys that were respelled, by their new spelling.
  let repetitions: [String: Repetition]

  /// Reads `text`.
  ///
  /// - Throws: the one fault that keeps the text from being a tree.
  init(_ text: String) throws(TopologyIssue.Unreadable) {
    guard text.utf8.count <= YAMLText.limit else {
      throw .init(
        .file, "is larger than \(YAMLText.limit >> 10) KiB",
        remedy: "is this a topology? Those in topologies/ show what one looks like")
    }
    var source = YAMLText(text)
    if let index = source.firstControl {
      throw .init(
        .line(source.line(of: index), column: 1), "a control character stands here",
        remedy: "is this a text file? Remove the character")
    }
    if let index = source.firstAlias {
      throw .alias(at: .line(source.line(of: index), column: 1))
    }
    var repetitions: [String: Repetition] = [:]
    while true {
      do {
        root = try Yams.compose(yaml: source.text, .basic, .default, .utf8)
        self.repetitions = repetitions
        return
      } catch {
        // Each repeated key takes another look at the text: many of them in a long one would take
        // minutes.
        guard case YamlError.duplicatedKeysInMapping(_, let context) = error,
          repetitions.count * source.scalars.count < 4 * YAMLText.limit,
          let new = source.respell(at: context.mark, number: repetitions.count)
        else { throw .init(error, in: source) }
        repetitions[new.spelling] = Repetition(key: new.key, line: context.mark.line)
      }
    }
  }
}

extension TopologyIssue {
  /// The reason that a file isn't a tree of keys and values at all.
  struct Unreadable: Error {
    let place: Place
    let problem: String
    let remedy: String

    init(_ place: Place, _ problem: String, remedy: String) {
      self.place = place
      self.problem = problem
      self.remedy = remedy
    }

    /// An asterisk stands where a value begins.
    static func alias(at place: Place) -> Unreadable {
      .init(
        place, "an alias seems to stand here, and topologies have none",
        remedy: "write the value out, or put text that begins with an asterisk in quotation marks")
    }

    init(_ error: any Error, in source: YAMLText) {
      switch error {
      case YamlError.scanner(let context?, _, let mark, _) where context.text.contains("alias"):
        self = .alias(at: .line(mark.line, column: mark.column))
      case YamlError.composer(_, let problem, let mark, _) where problem.contains("alias"):
        self = .alias(at: .line(mark.line, column: mark.column))
      case YamlError.scanner(_, let problem, let mark, _),
        YamlError.parser(_, let problem, let mark, _),
        YamlError.composer(_, let problem, let mark, _):
        self.init(
          .line(mark.line, column: mark.column), "isn't YAML: \(problem)",
          remedy: "check quotation marks, colons and indentation here and in the line above")
      case YamlError.duplicatedKeysInMapping(let keys, let context):
        self.init(
          .line(context.mark.line, column: context.mark.column),
          "\(Cursor.shown(keys.first ?? "a key")) stands more than once in a section",
          remedy: "keep one of them")
      case YamlError.reader(let problem, let offset, _, _):
        let index = min(max(0, offset ?? 0), source.scalars.count)
        self.init(
          .line(source.line(of: index), column: 1), "isn't YAML: \(problem)",
          remedy: "save the file as text in UTF-8")
      default:
        self.init(.file, "isn't YAML: \(error)", remedy: "check quotation marks and indentation")
      }
    }
  }
}

/// A key that stands in its section again further below.
struct Repetition: Hashable, Sendable {
  /// The key.
  var key: String
  /// The line in which it stands first, from 1.
  var line: Int
}
