import Yams

/// The keys of one section: hands out their values and finds keys that no reader asks for.
struct KeyReader {
  let path: String
  let reading: Reading
  private var entries: [(key: String, place: TopologyIssue.Place, value: Cursor)] = []
  /// The index of each key's first entry.
  private var indices: [String: Int] = [:]
  private var known: [String] = []
  /// The keys that were asked for.
  private var asked: Set<String> = []
  private var missing: [(key: String, remedy: String)] = []

  init(_ pairs: [(key: Node, value: Node)], path: String, reading: Reading) {
    self.path = path
    self.reading = reading
    var repeated: [Repetition] = []
    for (key, value) in pairs {
      let place = Cursor.place(of: key)
      guard case .scalar(let scalar) = key else {
        reading.report(
          full("?"), "a key of \(path.isEmpty ? "the file" : path) isn't a word",
          remedy: "write one word and a colon", at: place)
        continue
      }
      if let repetition = reading.takeRepetition(spelled: scalar.string) {
        repeated.append(repetition)
        continue
      }
      let cursor = Cursor(value, path: full(scalar.string), reading: reading)
      indices[scalar.string] = indices[scalar.string] ?? entries.count
      entries.append((scalar.string, place, cursor))
    }
    for repetition in repeated {
      let again = indices[repetition.key].map { entries[$0] }
      reading.report(
        full(repetition.key), "\(full(repetition.key)) stands here and in line \(repetition.line)",
        remedy: "keep one of them", at: again?.place)
    }
  }

  /// The value of `key` as `read` makes it; nil if the key is absent or its value faulty.
  mutating func optional<Value>(_ key: String, _ read: (Cursor) -> Value?) -> Value? {
    if asked.insert(key).inserted { known.append(key) }
    guard let entry = indices[key].map({ entries[$0] }) else { return nil }
    let value = read(entry.value)
    if value == nil { reading.distrust(entry.value.path) }
    return value
  }

  /// The value of `key` as `read` makes it; `standard` if the key is absent or its value faulty.
  mutating func value<Value>(
    _ key: String, default standard: Value, _ read: (Cursor) -> Value?
  ) -> Value {
    optional(key, read) ?? standard
  }

  /// The value of `key`, also under the name that it had `formerly`, which isn't suggested any
  /// more.
  mutating func optional<Value>(
    _ key: String, formerly former: String, _ read: (Cursor) -> Value?
  ) -> Value? {
    let value = optional(key, read)
    guard let entry = indices[former].map({ entries[$0] }) else { return value }
    asked.insert(former)
    if has(key) {
      reading.report(
        full(former), "\(full(former)) is the former name of \(full(key)), which stands here, too",
        remedy: "keep \(full(key))", at: entry.place)
    }
    let old = read(entry.value)
    if old == nil { reading.distrust(entry.value.path) }
    return has(key) ? value : old
  }

  /// The value of `key` or of its former name; `standard` if both are absent or the value faulty.
  mutating func value<Value>(
    _ key: String, formerly former: String, default standard: Value, _ read: (Cursor) -> Value?
  ) -> Value {
    optional(key, formerly: former, read) ?? standard
  }

  /// The value of a key that must be there; nil, and a fault, if it isn't or its value is faulty.
  mutating func required<Value>(
    _ key: String, remedy: String, _ read: (Cursor) -> Value?
  ) -> Value? {
    if !has(key) { missing.append((key, remedy)) }
    return optional(key, read)
  }

  /// The section `key`; one without keys if it is absent or faulty.
  ///
  /// One word in its place is the value of its key `word`, where there is such a key.
  mutating func section<Value>(
    _ key: String, word: String? = nil, _ body: (inout KeyReader) -> Value
  ) -> Value {
    if let value = optional(key, { $0.keys(word: word, body) }) { return value }
    var empty = KeyReader([], path: full(key), reading: reading)
    let value = body(&empty)
    // What the section lacks is told only where it isn't faulty itself.
    if !has(key) { empty.close() } else { empty.distrustMissing() }
    return value
  }

  /// Reads every key as a name that the file gives, in its order; those with faulty values are left
  /// out.
  mutating func named<Value>(_ read: (String, Cursor) -> Value?) -> [(name: String, value: Value)] {
    entries.map(\.key).compactMap { key in
      optional(key) { read(key, $0) }.map { (key, $0) }
    }
  }

  /// True if the section has `key`.
  func has(_ key: String) -> Bool { indices[key] != nil }

  /// True if there are no keys at all.
  var isEmpty: Bool { entries.isEmpty }

  /// The path of the value of `key`.
  func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Reports keys that weren't asked for and keys that must be there but aren't.
  mutating func close() {
    let absent = known.filter { !has($0) }
    let whole = path.isEmpty ? "the file" : path
    let choice = "remove it; the keys of \(whole) are \(known.joined(separator: ", "))"
    for entry in entries where !asked.contains(entry.key) {
      let meant =
        reading.nearest(to: entry.key, of: absent) ?? reading.nearest(to: entry.key, of: known)
      let remedy: String
      if let meant {
        remedy = "did you mean \(meant)?"
        reading.distrust(full(meant))
        missing.removeAll { $0.key == meant }
      } else {
        remedy = choice
      }
      reading.report(
        full(entry.key), "\(Cursor.shown(full(entry.key))) isn't a key", remedy: remedy,
        at: entry.place)
    }
    for (key, remedy) in missing {
      reading.report(full(key), "\(full(key)) is missing", remedy: remedy)
    }
  }

  private func distrustMissing() {
    for (key, _) in missing { reading.distrust(full(key)) }
  }
}
