/// One line of a fault script.
public struct FaultRule: Hashable, Sendable {
  /// When it happens.
  public var trigger: FaultTrigger
  /// What happens.
  public var action: FaultAction
  /// To whom; of no meaning for the broker's restart.
  public var target: FaultTarget
  /// After how long it is undone; without it, never.
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
