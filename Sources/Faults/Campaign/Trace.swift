import Measures

/// What happened, line by line; what goes on repeating is told once.
struct Trace {
  private(set) var lines: [String] = []
  private var last: [String] = []
  private var repetitions = 0

  /// Adds what happened at a time.
  mutating func add(_ text: String, at time: Duration) {
    if last.contains(text) {
      repetitions += 1
      return
    }
    if repetitions > 0 { lines.append("        … and so on, \(repetitions) more") }
    repetitions = 0
    last = last.suffix(3) + [text]
    lines.append("\(time.seconds.fixed(3)) s  \(text)")
  }
}
