import Measures

/// The result of a run, as the stable JSON object that reports and scripts read.
///
/// Fields are added, never renamed. Traffic is that of the client view, delivered, unless a name
/// says otherwise; durations are in seconds in the JSON.
public struct RunSummary: Hashable, Sendable {
  /// The format of the object.
  public static let format = 1

  /// The run's name.
  public var name: String
  /// The seed that all randomness was derived from.
  public var seed: UInt64
  /// The clock by which rounds are timed.
  public var clock: String
  /// The transport that carried the messages.
  public var transport: String
  /// The strategy that makes the next model of updates.
  public var strategy: String
  /// The codecs of models and updates.
  public var codecs: CodecNames
  /// The run's state.
  public var state: RunState
  /// The number of rounds that were to be run; 0 if that was open.
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
  /// The load of the full model: the same rounds and participants, 32-bit floats.
  public var fullModel: Load
  /// All rounds together as the process's connections saw it: the socket view.
  public var sockets: TwoWayTraffic
  /// The traffic that was handed over in the client view, whether or not it arrived.
  public var offered: TwoWayTraffic
  /// All rounds together by kind of traffic; kinds without any are left out.
  public var kinds: [TrafficKind: TwoWayTraffic]
  /// The numbers of other events, by name.
  public var counters: [String: Int]
  /// The ledger beside the kernel's count; nil where there were no TCP connections.
  public var meter: MeterSummary?
  /// The clients by kind; empty where nothing is known of them.
  public var groups: [ClientGroup]
  /// The distribution of labels over the clients, in a few figures; nil where that isn't known.
  public var partition: PartitionSummary?
  /// The accuracies whose cost is looked at.
  public var targets: [Double]
  /// The end of the run.
  public var final: FinalSummary
  /// The run whose last model this one began with; nil for none.
  public var extends: ExtendedRun?
  /// True if nothing was trained: models and updates were sizes and times alone.
  public var isOfCostModel = false
  /// The normalization that was made of clients' sums; nil where the plan says it.
  public var normalization: MeasuredNormalization?

  /// The counter of evaluations without test samples, and so without a figure.
  public static let untested = "evaluation without test samples"

  /// True if the model couldn't be tested for want of samples.
  public var lacksTestSamples: Bool { (counters[Self.untested] ?? 0) > 0 }

  /// The reason why no round has an accuracy, in words; nil where nothing keeps it from having one.
  public var untestedReason: String? {
    if isOfCostModel { return "nothing was trained (cost model)" }
    return lacksTestSamples ? "there are no test samples" : nil
  }

  /// The beginning of the counter's name in a round whose model was discarded.
  static let discardedPrefix = "round discarded: "

  /// The rounds whose models were discarded, in order.
  public var discarded: [RoundSummary] { rounds.filter { $0.discarded != nil } }

  /// The cost of reaching each of ``targets``.
  public var milestones: [Milestone] { Milestone.milestones(of: rounds, at: targets) }

  /// The time between the rounds, before the first and after the last, on the run's clock.
  ///
  /// Then the broker waited for clients to come, or made and judged a model. With the rounds' own
  /// it is ``elapsed``.
  public var waiting: Duration { max(.zero, elapsed - rounds.reduce(.zero) { $0 + $1.elapsed }) }

  /// The factors by which less was asked than with the full model.
  public var reduction: Savings { Savings(totals, against: fullModel) }

  /// The beginning of the counter's name in a run that was given up for want of clients.
  package static let givenUpPrefix = "given up with "

  /// The fault of a run that isn't plainly done, in a sentence; nil where it is, goes on, or was
  /// stopped.
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
      let whole =
        discarded.isEmpty
        ? "" : "; \(discarded.count) \(discarded.count == 1 ? "round" : "rounds") discarded"
      return
        "no update counted in any round (\(late) late, \(lost) lost, \(refused) refused\(whole)): the "
        + "model is as it began"
    }
  }

  /// The factor by which fewer bytes went over the wire than with the full model; nil if none went.
  public var savings: Double? {
    guard totals.traffic.wire > .zero, fullModel.traffic.wire > .zero else { return nil }
    return Double(fullModel.traffic.wire.bytes) / Double(totals.traffic.wire.bytes)
  }
}
