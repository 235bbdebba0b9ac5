package import Wire

/// How a round ended.
package struct RoundResult: Hashable, Sendable {
  /// What became of one selected client.
  package enum Outcome: Hashable, Sendable {
    /// Its update counts.
    case accepted(Offer)
    /// It was still at work when the round ended.
    case late
    /// Nothing was heard of it, or it was gone.
    case lost
    /// Its update was refused.
    case refused(RefusalReason)
    /// It could not train.
    case declined(DeclineReason)
  }

  /// The round, from 1.
  package var round: Int
  /// When it began.
  package var opened: Duration
  /// When it ended.
  package var closed: Duration
  /// The selected clients in rising order, each with its outcome.
  package var outcomes: [(client: Int, outcome: Outcome)]
  /// How many updates came that had been counted before.
  package var duplicates: Int

  /// The clients whose updates count, in rising order: the order of aggregation.
  package var accepted: [(client: Int, offer: Offer)] {
    outcomes.compactMap { client, outcome in
      guard case .accepted(let offer) = outcome else { return nil }
      return (client, offer)
    }
  }

  /// A result of the given parts.
  package init(
    round: Int, opened: Duration, closed: Duration, outcomes: [(client: Int, outcome: Outcome)],
    duplicates: Int
  ) {
    self.round = round
    self.opened = opened
    self.closed = closed
    self.outcomes = outcomes
    self.duplicates = duplicates
  }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.round == rhs.round && lhs.opened == rhs.opened && lhs.closed == rhs.closed
      && lhs.duplicates == rhs.duplicates && lhs.outcomes.elementsEqual(rhs.outcomes, by: ==)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(round)
    for (client, outcome) in outcomes {
      hasher.combine(client)
      hasher.combine(outcome)
    }
  }
}
