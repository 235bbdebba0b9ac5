package import Measures

/// A program that trains and evaluates models for clients, in the section `training`.
package struct TrainerProgram: Hashable, Sendable {
  /// The program and its arguments.
  package var command: [String]
  /// The longest time from its start to its first answer.
  package var start = Duration.seconds(120)
  /// The longest time of any other answer.
  package var time = Duration.seconds(3600)
  /// The longest silence while it works.
  package var silence = Duration.seconds(600)
  /// The most memory of its address space; nil for any.
  package var memory: ByteCount?

  /// A program with the limits that are usual.
  package init(command: [String]) { self.command = command }

  /// Reads the keys of the section `training` that say it; nil where there is no program.
  static func read(_ keys: inout KeyReader) -> TrainerProgram? {
    let command = keys.optional("program") { cursor in
      let remedy = "write the program and its arguments, as in [python3, train.py]"
      let words = cursor.elements("a list of words", remedy: remedy)?.map { $0.text() }
      guard let words, !words.contains(nil) else { return nil as [String]? }
      guard !words.isEmpty else {
        cursor.report("names no program", remedy: remedy)
        return nil
      }
      return words.compactMap { $0 }
    }
    var program = TrainerProgram(command: command ?? [])
    program = keys.section("limits") { keys in
      var limited = program
      let longest = Duration.seconds(30 * 86400)
      limited.start = keys.value("start", default: program.start) {
        $0.duration(.milliseconds(10)...longest)
      }
      limited.time = keys.value("time", default: program.time) {
        $0.duration(.milliseconds(10)...longest)
      }
      limited.silence = keys.value("silence", default: program.silence) {
        $0.duration(.milliseconds(10)...longest)
      }
      limited.memory = keys.optional("memory") { $0.byteCount(1 << 20...1 << 46) }
      return limited
    }
    if keys.has("limits"), !keys.has("program"), !keys.reading.isPlan {
      keys.reading.report(
        keys.full("limits"), "\(keys.full("limits")) are those of \(keys.full("program"))",
        remedy: "remove it, or write \(keys.full("program"))")
    }
    return command == nil ? nil : program
  }
}
