import Foundation
import Measures

/// The time that clients took in earlier rounds, and who trained whole stages.
///
/// A function of the rounds' results alone, in their order.
public struct DepthRecord: Hashable, Sendable, Codable {
  /// The weight of the newest time in a client's pace.
  private static let adaptation = 0.5
  /// The weight of the newest round in the share of those that somebody kept open.
  private static let forgetting = 0.2
  /// The number of times that a group's pace remembers, about.
  private static let memory = 50.0

  /// The logarithm of the time that a kind of client takes, in terms of what was expected before
  /// the run.
  private struct Pace: Hashable, Codable {
    var logarithm = 0.0
    var count = 0.0
  }

  /// The paces of clients.
  private var clients: [Int: Double] = [:]
  /// The paces of groups, by their numbers.
  private var groups: [Int: Pace] = [:]
  /// The rounds in which each client trained the whole stage.
  private var turns: [Int: Int] = [:]
  /// The share of rounds that somebody kept open who didn't come, as a mean that forgets; nil
  /// before the first.
  private var gaps: Double?

  /// The record of a run that begins.
  public init() {}

  /// The time that a client takes in terms of what was expected before the run; that of its group
  /// where it wasn't seen yet.
  public func pace(of client: Int, in plan: DepthPlan) -> Double {
    exp(clients[client] ?? groupPace(of: client, in: plan) ?? 0)
  }

  /// The number of rounds in which a client trained the whole stage.
  public func deepTurns(of client: Int) -> Int { turns[client] ?? 0 }

  /// The number of rounds in which anybody trained the whole stage, each client's counted.
  var allDeepTurns: Int { turns.values.reduce(0, +) }

  /// Notes that a client was asked for the whole stage of a round.
  public mutating func noteDeepTurn(_ client: Int) { turns[client, default: 0] += 1 }

  /// The probability that one of so many clients of a round doesn't come.
  func gap(clients: Int, in plan: DepthPlan) -> Double {
    gaps ?? 1 - pow(1 - plan.dropOut, Double(clients))
  }

  /// Notes whether somebody of so many clients kept a round open until it was over.
  public mutating func noteRound(clients: Int, wasKeptOpen: Bool, in plan: DepthPlan) {
    let old = gap(clients: clients, in: plan)
    gaps = old + Self.forgetting * ((wasKeptOpen ? 1 : 0) - old)
  }

  /// Notes the time that a client took for a sub-model.
  ///
  /// It counts as much as that sub-model's time is of the full one's: who is quick with a small
  /// part may be slow with the whole.
  ///
  /// - Parameters:
  ///   - time: The time from the round's beginning until its update was stored, or until the round
  ///     was over.
  ///   - client: The client.
  ///   - stage: The sub-model that it trained.
  ///   - samples: The number of its samples; nil where that isn't known.
  ///   - isOver: True if it wasn't done by then.
  ///   - plan: Says what was expected.
  public mutating func note(
    _ time: Duration, of client: Int, stage: Int, samples: Int?, isOver: Bool, in plan: DepthPlan
  ) {
    guard let expected = plan.expected(client, stage: stage, samples: samples),
      let whole = plan.expected(client, stage: plan.parameters.count, samples: samples),
      expected.seconds > 0, time.seconds > 0
    else { return }
    let weight = min(1, expected.seconds / max(whole.seconds, expected.seconds))
    let found = log(time.seconds / expected.seconds)
    let old =
      clients[client] ?? groupPace(of: client, in: plan) ?? (isOver ? 0 : weight * found)
    // Whoever isn't done takes so long at least.
    guard !isOver || found > old else { return }
    clients[client] = old + Self.adaptation * weight * (found - old)
    guard !isOver, let number = plan.group(of: client) else { return }
    var group = groups[number] ?? Pace()
    group.count = min(group.count + weight, Self.memory)
    group.logarithm += weight * (found - group.logarithm) / max(group.count, 1)
    groups[number] = group
  }

  private func groupPace(of client: Int, in plan: DepthPlan) -> Double? {
    plan.group(of: client).flatMap { groups[$0]?.logarithm }
  }
}
