package import Wire

/// How a round ended.
package struct RoundResult: Hashable, Sendable {
  /// What became of one client.
  package enum Outcome: Hashable, Sendable {
    /// Its update counts.
    case accepted(Submission)
    /// It was still at work when the round ended, too late to count.
    case late
    /// It was still at work when the round ended; its update may count in a later round.
    case carried
    /// It was still at work when the round had as many updates as it was to have.
    case surplus
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
  /// In rising order the clients that were asked, and those whose late updates count, with their outcomes.
  package var outcomes: [(client: Int, outcome: Outcome)]
  /// How many updates came that had been counted before.
  package var duplicates: Int
  /// The clients of earlier rounds whose late updates aren't waited for any more, in rising order.
  package var givenUp: [Int]
  /// What clients said up to the round's end that they can't train.
  package var restrictions: [Int: Restriction]

  /// The clients whose updates count, in rising order: the order of aggregation.
  package var accepted: [(client: Int, submission: Submission)] {
    outcomes.compactMap { client, outcome in
      guard case .accepted(let submission) = outcome else { return nil }
      return (client, submission)
    }
  }

  /// The mean loss of the clients whose updates count, while they trained, weighted by their samples.
  ///
  /// Nil where no update counts, or a loss isn't a finite number.
  package var trainingLoss: Double? {
    var (sum, samples) = (0.0, 0.0)
    for (_, submission) in accepted {
      sum += Double(submission.offer.loss) * Double(submission.offer.samples)
      samples += Double(submission.offer.samples)
    }
    let mean = sum / samples
    return mean.isFinite ? mean : nil
  }

  /// How many updates count that were trained for an earlier round.
  package var stale: Int { accepted.count { $0.submission.round < round } }

  /// A result of the given parts.
  package init(
    round: Int, opened: Duration, closed: Duration, outcomes: [(client: Int, outcome: Outcome)],
    duplicates: Int, givenUp: [Int] = [], restrictions: [Int: Restriction] = [:]
  ) {
    self.round = round
    self.opened = opened
    self.closed = closed
    self.outcomes = outcomes
    self.duplicates = duplicates
    self.givenUp = givenUp
    self.restrictions = restrictions
  }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.round == rhs.round && lhs.opened == rhs.opened && lhs.closed == rhs.closed
      && lhs.duplicates == rhs.duplicates && lhs.givenUp == rhs.givenUp
      && lhs.restrictions == rhs.restrictions
      && lhs.outcomes.elementsEqual(rhs.outcomes, by: ==)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(round)
    for (client, outcome) in outcomes {
      hasher.combine(client)
      hasher.combine(outcome)
    }
  }
}
