/// The beginning of a run, as far as one that resumes it must know it.
public struct RunOrigin: Hashable, Sendable {
  /// The run's number in the protocol.
  public var run: UInt64
  /// The settings that decide the result, a line `name: value` for each: only the same may go on.
  public var plan: String
  /// The topology's text.
  public var topology: String
  /// The path of the topology's file, at which paths in it start.
  public var file: String
  /// The command line's replacements for the topology's values, as JSON.
  public var overrides: String

  /// An origin of the given parts.
  public init(run: UInt64, plan: String, topology: String, file: String, overrides: String) {
    self.run = run
    self.plan = plan
    self.topology = topology
    self.file = file
    self.overrides = overrides
  }

  /// The name of the plan's line that tells that nothing is trained.
  package static let costModelName = "cost model"

  /// True if nothing is trained: models and updates are sizes and times alone.
  public var isOfCostModel: Bool {
    plan.split(separator: "\n").contains { $0.hasPrefix("\(Self.costModelName): ") }
  }
}

/// An incarnation of a run's broker: its first start, or one after which it went on.
public struct Epoch: Hashable, Sendable {
  /// Counted from 1.
  public var number: Int
  /// The round that it began with.
  public var round: Int
  /// The run's clock when it began.
  public var elapsed: Duration
  /// Its beginning, on the wall's clock and in ISO 8601; nil where that isn't told.
  public var start: String?

  /// An incarnation of the given facts.
  public init(number: Int, round: Int, elapsed: Duration, start: String? = nil) {
    self.number = number
    self.round = round
    self.elapsed = elapsed
    self.start = start
  }
}
