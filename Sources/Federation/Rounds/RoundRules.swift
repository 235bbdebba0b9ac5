public import Measures

/// Who takes part in a round, when it may begin, and when it ends.
public struct RoundRules: Hashable, Sendable {
  /// How many clients' updates a round is to have.
  public var clientsPerRound: Int
  /// How many times as many clients are asked, from 1; the round ends with as many updates as it is to have.
  public var overSelection: Share
  /// Whom a round asks first.
  public var sampling: Sampling
  /// How much an update counts.
  public var weighting: Weighting
  /// The most samples that a client may have, and so offer an update of; nil for any number.
  public var sampleLimit: Int?
  /// The most that an update counts, in samples; nil for as many as it was trained on.
  public var weightCap: Int?
  /// What becomes of updates that come after their round has ended.
  public var stragglers: StragglerPolicy
  /// A round ends early, after the grace, when this many updates were accepted; nil for all.
  public var quorum: Int?
  /// How long stragglers are waited for once the quorum is reached.
  public var grace: Duration
  /// A round ends at the latest this long after it began.
  public var deadline: Duration
  /// A round doesn't begin with fewer clients present.
  public var minimumClients: Int
  /// The first round doesn't wait longer for all of the fleet to join.
  public var joinTimeout: Duration
  /// A round that can't begin because too few clients are there isn't waited for longer: the run ends.
  public var patience: Duration

  /// Rules of the given parts.
  public init(
    clientsPerRound: Int, overSelection: Share = 1, sampling: Sampling = .uniform,
    weighting: Weighting = .samples, stragglers: StragglerPolicy = .discard, quorum: Int? = nil,
    grace: Duration = .seconds(5), deadline: Duration = .seconds(120), minimumClients: Int = 1,
    joinTimeout: Duration = .seconds(30), patience: Duration = .seconds(7 * 86_400)
  ) {
    precondition(overSelection >= 1, "an over-selection of \(overSelection)")
    self.clientsPerRound = clientsPerRound
    self.overSelection = overSelection
    self.sampling = sampling
    self.weighting = weighting
    self.stragglers = stragglers
    self.quorum = quorum
    self.grace = grace
    self.deadline = deadline
    self.minimumClients = minimumClients
    self.joinTimeout = joinTimeout
    self.patience = patience
  }

  /// What an update of a client with so many samples counts for, beside its staleness.
  public func weight(samples: Int) -> Double {
    weighting.weight(samples: min(samples, weightCap ?? samples))
  }

  /// How many clients are asked in each round: those whose updates it is to have, and some to spare.
  public var clientsAsked: Int {
    guard overSelection > 1 else { return clientsPerRound }
    return overSelection.of(clientsPerRound, rounded: .up)
  }

  /// How many updates end a round at once; nil if all who were asked are waited for.
  var target: Int? {
    stragglers.bufferSize ?? (overSelection > 1 ? clientsPerRound : nil)
  }
}
