public import Measures
public import Progressive

/// The rules of a round: its participants, its beginning and its end.
public struct RoundRules: Hashable, Sendable {
  /// The number of clients whose updates a round is to have.
  public var clientsPerRound: Int
  /// The factor, from 1, by which more clients are asked; the round ends with the updates that it
  /// is to have.
  public var overSelection: Share
  /// Whom a round asks first.
  public var sampling: Sampling
  /// The weights of updates.
  public var weighting: Weighting
  /// The most samples that a client may have, and so offer an update of; nil for any number.
  public var sampleLimit: Int?
  /// The number whose multiples clients tell of their samples, rounded up; 1 for exact numbers.
  package var sampleUnit = 1
  /// The most that an update counts, in samples; nil for as many as it was trained on.
  public var weightCap: Int?
  /// The treatment of updates that come after their round has ended.
  public var stragglers: StragglerPolicy
  /// A round ends early, after the grace, when this many updates were accepted; nil for all.
  public var quorum: Int?
  /// The time for which stragglers are waited for once the quorum is reached, or the share of the
  /// time that it took.
  public var grace: Grace
  /// A round ends at the latest this long after it began.
  public var deadline: Duration
  /// A round doesn't begin with fewer clients present.
  public var minimumClients: Int
  /// The first round doesn't wait longer for all of the fleet to join.
  public var joinTimeout: Duration
  /// A round that can't begin because too few clients are there isn't waited for longer: the run
  /// ends.
  public var patience: Duration

  /// Rules of the given parts.
  public init(
    clientsPerRound: Int, overSelection: Share = 1, sampling: Sampling = .uniform,
    weighting: Weighting = .samples, stragglers: StragglerPolicy = .discard, quorum: Int? = nil,
    grace: Grace = .seconds(5), deadline: Duration = .seconds(120), minimumClients: Int = 1,
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

  /// The weight of an update of a client with so many samples, its staleness aside.
  public func weight(samples: Int) -> Double {
    weighting.weight(samples: min(samples, weightCap ?? samples))
  }

  /// The number of clients that are asked in each round: those whose updates it is to have, and
  /// some to spare.
  public var clientsAsked: Int {
    guard overSelection > 1 else { return clientsPerRound }
    return overSelection.of(clientsPerRound, rounded: .up)
  }

  /// The end of a round, as far as it depends on how long its clients take.
  package var ending: RoundEnding {
    guard quorum == nil || stragglers.bufferSize != nil, let target else {
      return RoundEnding(quorum: quorum, grace: grace, deadline: deadline)
    }
    return RoundEnding(quorum: target, grace: .zero, deadline: deadline, awaitsWhole: false)
  }

  /// The longest time for which an update may count after it was asked for: that of its round, and
  /// of those by which it may be late.
  package var uploadTime: Duration { deadline * (1 + stragglers.maximalStaleness) }

  /// The number of updates that ends a round at once; nil if all asked clients are waited for.
  var target: Int? {
    stragglers.bufferSize ?? (overSelection > 1 ? clientsPerRound : nil)
  }
}

/// The weight of an update in the mean, its staleness aside.
public enum Weighting: String, Hashable, Sendable, CaseIterable {
  /// As much as the samples that it was trained on.
  case samples
  /// As much as any other.
  case equal

  /// The weight of an update of a client with so many samples; 0 if it has none, and so can't
  /// train.
  public func weight(samples: Int) -> Double {
    switch self {
    case .samples: Double(samples)
    case .equal: samples > 0 ? 1 : 0
    }
  }
}

extension Int {
  /// A client's number of samples as it is told: rounded up to a multiple of `unit`.
  ///
  /// So it is 0 for none alone, and never below what a client's own numbers are checked against.
  package func told(by unit: Int) -> Int { unit <= 1 ? self : (self + unit - 1) / unit * unit }
}
