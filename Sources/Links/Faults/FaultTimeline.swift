public import Measures

/// A fault script played along a run: which fault comes next, and which a round's beginning sets
/// off.
///
/// What happens is a function of the script and the run's seed alone.
public struct FaultTimeline: Sendable {
  fileprivate struct Entry: Sendable {
    let rule: FaultRule
    let random: RandomStream
    /// The number of times it occurred.
    var occurrences = 0
    /// The time at which it occurs next by the clock.
    var next: Duration?
  }

  private var entries: [Entry]

  /// The script's rules, whose `problems` must be empty, in the run whose root stream is `run`.
  public init(_ script: [FaultRule], run: RandomStream) {
    entries = script.enumerated().map { index, rule in
      precondition(rule.problems.isEmpty, rule.problems.joined(separator: "; "))
      return Entry(rule: rule, random: run.stream("fault", index))
    }
    for index in entries.indices { entries[index].next = entries[index].first }
  }

  /// The time of the next fault that goes by the clock.
  public var nextTime: Duration? { nextEntry.flatMap { entries[$0].next } }

  /// True if a fault may still come that goes by the clock and by a rule like this.
  package func mayCome(where isMeant: (FaultRule) -> Bool) -> Bool {
    entries.contains { $0.next != nil && isMeant($0.rule) }
  }

  /// Takes the next fault that goes by the clock; of several at one time, the script's order.
  public mutating func next() -> ScriptedFault? {
    guard let index = nextEntry, let time = entries[index].next else { return nil }
    let fault = occur(index, at: time)
    entries[index].next = entries[index].following(time)
    return fault
  }

  /// The faults that a round's beginning sets off, in the script's order.
  public mutating func begin(round: Int, at time: Duration) -> [ScriptedFault] {
    entries.indices.filter { entries[$0].rule.trigger == .round(round) }
      .map { occur($0, at: time) }
  }

  private var nextEntry: Int? {
    var first: (time: Duration, index: Int)?
    for (index, entry) in entries.enumerated() {
      guard let time = entry.next, first.map({ time < $0.time }) ?? true else { continue }
      first = (time, index)
    }
    return first?.index
  }

  private mutating func occur(_ index: Int, at time: Duration) -> ScriptedFault {
    defer { entries[index].occurrences += 1 }
    let random = entries[index].random.stream("occurrence", entries[index].occurrences)
    return ScriptedFault(time: time, rule: entries[index].rule, index: index, random: random)
  }
}

extension FaultTimeline.Entry {
  fileprivate var first: Duration? {
    switch rule.trigger {
    case .at(let time): time
    case .round: nil
    case .every(_, let from): from
    case .random(_, let from, _): following(from)
    }
  }

  /// The time of the occurrence after one at `time`, or after the beginning.
  fileprivate func following(_ time: Duration) -> Duration? {
    switch rule.trigger {
    case .at, .round: return nil
    case .every(let interval, _): return time + interval
    case .random(let mean, _, let until):
      var chance = random.stream("pause", occurrences)
      let pause = VirtualTime(seconds: chance.exponential(mean: mean.seconds)).duration
      let next = time + max(.nanoseconds(1), pause)
      return until.map { next < $0 } ?? true ? next : nil
    }
  }
}

/// One occurrence of a rule of a fault script.
public struct ScriptedFault: Hashable, Sendable {
  /// The time at which it happens.
  public let time: Duration
  /// The fault: its effect, its targets and its duration.
  public let rule: FaultRule
  /// The rule's place in the script, from 0.
  public let index: Int

  let random: RandomStream

  /// The time at which it is undone, if ever.
  public var end: Duration? { rule.duration.map { time + $0 } }

  /// The clients that are hit, in ascending order; the same whenever it is asked.
  ///
  /// - Parameters:
  ///   - count: how many clients there are.
  ///   - groups: the topology's groups of consecutive clients by name.
  /// - Returns: indices from 0, none for the broker's restart.
  public func clients(of count: Int, groups: [String: Range<Int>] = [:]) -> [Int] {
    guard rule.action != .restartBroker else { return [] }
    return rule.target.clients(of: count, groups: groups, random: random)
  }
}
