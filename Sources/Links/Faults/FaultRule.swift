import Measures

/// One line of a fault script.
public struct FaultRule: Hashable, Sendable {
  /// The time or the cause of the event.
  public var trigger: FaultTrigger
  /// The event.
  public var action: FaultAction
  /// To whom; of no meaning for the broker's restart.
  public var target: FaultTarget
  /// The time after which it is undone; without it, never.
  public var duration: Duration?

  /// A rule for the whole fleet unless it names a target.
  public init(
    _ trigger: FaultTrigger, _ action: FaultAction, target: FaultTarget = .fleet,
    duration: Duration? = nil
  ) {
    self.trigger = trigger
    self.action = action
    self.target = target
    self.duration = duration
  }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    var problems: [String] = []
    switch trigger {
    case .at(let time) where time < .zero: problems.append("the time is before the run's start")
    case .round(let round) where round < 0: problems.append("rounds count from 0, not \(round)")
    case .every(let interval, _) where interval < .milliseconds(1),
      .random(let interval, _, _) where interval < .milliseconds(1):
      problems.append("an interval below a millisecond")
    case .at, .round, .every, .random: break
    }
    if case .share(let share) = target, !(0...1).contains(share) {
      problems.append("a share of \(share) is not in 0…1")
    }
    if case .scaleRate(let factor) = action, !(1e-9...1e9).contains(factor) {
      problems.append("a rate can't be multiplied by \(factor); stall or cut the link")
    }
    switch (action, duration) {
    case (_, .some(let duration)) where duration <= .zero: problems.append("it lasts no time")
    case (.stall, nil): problems.append("a stall needs a duration")
    case (.restartBroker, nil): problems.append("a restart needs a duration: the time it is down")
    default: break
    }
    return problems
  }
}

/// The clients that a fault hits.
public enum FaultTarget: Hashable, Sendable {
  /// All of them.
  case fleet
  /// Those in these ranges of indices (from 0); indices that don't exist are left out.
  case clients([ClosedRange<Int>])
  /// Those of a group of the topology.
  case group(String)
  /// Each with this probability, drawn anew each time.
  case share(Double)

  /// The clients that are hit, in ascending order.
  ///
  /// - Parameters:
  ///   - count: how many clients there are.
  ///   - groups: the topology's groups; one that isn't there hits nobody.
  ///   - random: the occurrence's own stream.
  /// - Returns: indices from 0, ascending, each once.
  func clients(
    of count: Int, groups: [String: Range<Int>], random: RandomStream
  ) -> [Int] {
    switch self {
    case .fleet: return Array(0..<count)
    case .group(let name): return groups[name].map { Array($0.clamped(to: 0..<count)) } ?? []
    case .clients(let ranges):
      var clients: [Int] = []
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        let first = max(range.lowerBound, clients.last.map { $0 + 1 } ?? 0)
        let last = min(range.upperBound, count - 1)
        if first <= last { clients += first...last }
      }
      return clients
    case .share(let probability):
      let threshold = probability * 0x1p53
      return (0..<count).filter { Double(random.value(at: UInt64($0)) >> 11) < threshold }
    }
  }
}

/// The time or the cause of a fault.
public enum FaultTrigger: Hashable, Sendable {
  /// Once, at a time since the run's start.
  case at(Duration)
  /// Once, when a round (from 0) begins.
  case round(Int)
  /// Again and again at equal distances, the first time at the first time.
  case every(Duration, from: Duration)
  /// At random, as a Poisson process with this mean distance, from a time on and up to another.
  case random(meanInterval: Duration, from: Duration, until: Duration?)
}

/// The effect of a fault.
public enum FaultAction: Hashable, Sendable {
  /// The targets' connections end; they may reconnect when the duration is over.
  case cut(Disconnect)
  /// Nothing gets to and from the targets, but their connections survive.
  case stall
  /// The targets can't be reached and nobody is told: the fleet is parted, with the broker on the
  /// other side.
  case partition
  /// The targets' processes die, and start anew when the duration is over.
  case kill
  /// The broker's process dies, and starts anew when the duration is over.
  case restartBroker
  /// The targets' rates are multiplied by this.
  case scaleRate(Double)
}

/// The way in which a connection ends.
public enum Disconnect: String, CaseIterable, Hashable, Sendable {
  /// FIN: what was sent still arrives, both ends learn of it.
  case clean
  /// RST: what was on its way is lost, both ends learn of it.
  case reset
  /// Nothing gets through and nobody learns of it: only heartbeats help.
  case blackHole
  /// The address translation forgot the connection: a black hole, but a new connection works at
  /// once.
  case rebind

  /// True if what was on its way is lost.
  public var losesInFlight: Bool { self != .clean }

  /// True if the ends learn of it without heartbeats, one delay later.
  public var isNoticed: Bool { self == .clean || self == .reset }

  /// True if a new connection works before the link is restored.
  public var allowsReconnect: Bool { self == .rebind }
}
