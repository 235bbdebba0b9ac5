import Measures

/// One occurrence of a rule of a fault script.
public struct ScriptedFault: Hashable, Sendable {
  /// When it happens.
  public let time: Duration
  /// What happens, to whom, and for how long.
  public let rule: FaultRule
  /// The rule's place in the script, from 0.
  public let index: Int

  let random: RandomStream

  /// When it is undone, if ever.
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
