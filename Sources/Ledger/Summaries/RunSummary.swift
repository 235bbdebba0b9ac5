import Measures

/// What a run came to, as the stable JSON object that reports and scripts read.
///
/// Fields are added, never renamed. Traffic is that of the client view, delivered, unless a name
/// says otherwise; durations are in seconds in the JSON.
public struct RunSummary: Hashable, Sendable {
  /// The format of the object.
  public static let format = 1

  /// The run's name.
  public var name: String
  /// What all randomness was derived from.
  public var seed: UInt64
  /// Which clock rounds are timed by.
  public var clock: String
  /// What carried the messages.
  public var transport: String
  /// How updates become the next model.
  public var strategy: String
  /// How models and updates are encoded.
  public var codecs: CodecNames
  /// How far the run came.
  public var state: RunState
  /// How many rounds were to be run; 0 if that was open.
  public var plannedRounds: Int
  /// The time on the run's clock; until the run has ended, that at which its last round had.
  public var elapsed: Duration
  /// The time on the wall's clock; nil until the run has ended.
  public var wallClock: Duration?
  /// The model and its stages.
  public var model: ModelDescription
  /// The rounds in order.
  public var rounds: [RoundSummary]
  /// The stages that had rounds, in order.
  public var stages: [StageSummary]
  /// All rounds together.
  public var totals: Load
  /// What the full model would have taken: the same rounds and participants, 32-bit floats.
  public var fullModel: Load
  /// All rounds together as the process's connections saw it: the socket view.
  public var sockets: TwoWayTraffic
  /// What was handed over in the client view, whether or not it arrived.
  public var offered: TwoWayTraffic
  /// All rounds together by kind of traffic; kinds without any are left out.
  public var kinds: [TrafficKind: TwoWayTraffic]
  /// What else happened, by name.
  public var counters: [String: Int]
  /// The ledger beside the kernel's count; nil where there were no TCP connections.
  public var meter: MeterSummary?
  /// The clients by kind; empty where nothing is known of them.
  public var groups: [ClientGroup]
  /// Who holds which labels, in a few figures; nil where that isn't known.
  public var partition: PartitionSummary?
  /// The accuracies whose cost is looked at.
  public var targets: [Double]
  /// The end of the run.
  public var final: FinalSummary
  /// The run whose last model this one began with; nil for none.
  public var extends: ExtendedRun?

  /// What evaluations are counted under that had nothing to test with, and so came to no figure.
  public static let untested = "evaluation without test samples"

  /// Whether the model couldn't be tested for want of samples.
  public var lacksTestSamples: Bool { (counters[Self.untested] ?? 0) > 0 }

  /// What it took to be as accurate as each of ``targets``.
  public var milestones: [Milestone] { Milestone.milestones(of: rounds, at: targets) }

  /// The time between the rounds, before the first and after the last, on the run's clock.
  ///
  /// Then the broker waited for clients to come, or made and judged a model. With the rounds' own it is ``elapsed``.
  public var waiting: Duration { max(.zero, elapsed - rounds.reduce(.zero) { $0 + $1.elapsed }) }

  /// How many times less was asked than with the full model.
  public var reduction: Savings { Savings(totals, against: fullModel) }

  /// What the counter's name begins with that a run has which was given up for want of clients.
  package static let givenUpPrefix = "given up with "

  /// Why the run isn't plainly done, in a sentence; nil where it is, goes on, or was stopped.
  public var problem: String? {
    switch state {
    case .running, .done, .interrupted: return nil
    case .aborted:
      let reasons = counters.keys.filter { $0.hasPrefix(Self.givenUpPrefix) }.sorted()
      return reasons.isEmpty
        ? "given up for want of clients"
        : "\(reasons.joined(separator: ", ")), fewer than a round needs"
    case .fruitless:
      let (late, lost, refused) = (
        rounds.reduce(0) { $0 + $1.late }, rounds.reduce(0) { $0 + $1.lost },
        rounds.reduce(0) { $0 + $1.refused }
      )
      return "no update counted in any round (\(late) late, \(lost) lost, \(refused) refused): the "
        + "model is as it began"
    }
  }

  /// How many times fewer bytes went over the wire than with the full model; nil if none went.
  public var savings: Double? {
    guard totals.traffic.wire > .zero, fullModel.traffic.wire > .zero else { return nil }
    return Double(fullModel.traffic.wire.bytes) / Double(totals.traffic.wire.bytes)
  }
}
