import Links
import Measures

/// The section `faults`: what breaks, when, for whom and for how long.
struct FaultsSection {
  /// The rules in the file's order.
  var rules: [FaultRule] = []
  /// The groups that rules name, with where they do.
  private var groups: [(name: String, path: String)] = []

  /// No rules.
  init() {}

  init(reading cursor: Cursor) {
    let remedy = "begin each with a hyphen, as in - {at: 10 min, do: cut, for: 1 min}"
    for element in cursor.elements("a list of faults", remedy: remedy, atMost: 10_000) ?? [] {
      let read = element.keys { keys -> (FaultRule, String?)? in Self.rule(&keys) }
      guard let (rule, group) = read ?? nil else { continue }
      if let group { groups.append((group, "\(element.path).target")) }
      for problem in rule.problems {
        element.report("is a fault that can't be: \(problem)", remedy: "correct the value")
      }
      if rule.problems.isEmpty { rules.append(rule) }
    }
  }

  /// Reports rules that name groups that aren't there.
  func check(against names: [String], reading: Reading) {
    let known = Set(names)
    for (name, path) in groups where !known.contains(name) {
      let meant = reading.nearest(to: name, of: names).map { "did you mean \($0)? " } ?? ""
      reading.report(
        path, "\(path) is “\(Cursor.shown(name))”, which is no group",
        remedy: "\(meant)Write fleet, 20 %, 0-49 or a group's name")
    }
  }

  private static func rule(_ keys: inout KeyReader) -> (FaultRule, String?)? {
    let times = Duration.zero ... .seconds(366 * 86_400)
    let at = keys.optional("at") { $0.duration(times) }
    let round = keys.optional("round") { $0.whole(1...1_000_000) }
    let every = keys.optional("every") { $0.duration(times) }
    let random = keys.optional("random") { $0.duration(times) }
    let from = keys.value("from", default: .zero) { $0.duration(times) }
    let until = keys.optional("until") { $0.duration(times) }
    let given = ["at", "round", "every", "random"].filter { keys.has($0) }
    if given.count != 1 {
      keys.reading.report(
        keys.path,
        given.isEmpty ? "\(keys.path) doesn't say when" : "\(keys.path) says more than once when",
        remedy: "write one of at: 10 min, round: 5, every: 1 h and random: 30 min")
    }
    var trigger: FaultTrigger?
    if let at { trigger = .at(at) }
    // People count rounds from 1.
    if let round { trigger = .round(round - 1) }
    if let every { trigger = .every(every, from: from) }
    if let random { trigger = .random(meanInterval: random, from: from, until: until) }
    let action = action(&keys)
    var group: String?
    let target = keys.value("target", default: FaultTarget.fleet) { cursor in
      let (target, name) = Self.target(cursor)
      group = name
      return target
    }
    let duration = keys.optional("for") { $0.duration(times) }
    guard let trigger, let action else { return nil }
    return (FaultRule(trigger, action, target: target, duration: duration), group)
  }

  private static func action(_ keys: inout KeyReader) -> FaultAction? {
    enum Word { case cut, stall, partition, kill, restart, slow }
    let word = keys.required("do", remedy: "write cut, stall, partition, kill, restart or slow") {
      $0.choice(
        "what happens",
        of: [
          ("cut", Word.cut), ("stall", .stall), ("partition", .partition), ("kill", .kill),
          ("restart", .restart), ("slow", .slow),
        ])
    }
    let how = keys.value("how", default: Disconnect.reset) { cursor in
      cursor.choice("an end of a connection", of: Disconnect.allCases.map { ($0.rawValue, $0) })
    }
    let factor = keys.optional("factor") { $0.number(1e-9...1e9) }
    if word == .slow, !keys.has("factor") {
      keys.reading.report(
        keys.path, "\(keys.path) doesn't say how slow", remedy: "write factor: 0.5 to halve rates")
    }
    switch word {
    case .cut: return .cut(how)
    case .stall: return .stall
    case .partition: return .partition
    case .kill: return .kill
    case .restart: return .restartBroker
    case .slow: return factor.map { .scaleRate($0) }
    case nil: return nil
    }
  }

  private static func target(_ cursor: Cursor) -> (FaultTarget?, group: String?) {
    guard let text = cursor.text(atMost: 1000) else { return (nil, nil) }
    if text == "fleet" { return (.fleet, nil) }
    if text.hasSuffix("%") { return (cursor.share().map { .share($0.value) }, nil) }
    guard let ranges = Cursor.clientRanges(text) else { return (.group(text), text) }
    return (.clients(ranges), nil)
  }
}
