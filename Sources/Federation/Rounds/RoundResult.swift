package import Wire

/// The result of a round.
package struct RoundResult: Hashable, Sendable {
  /// The outcome for one client.
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
  /// The time of its beginning.
  package var opened: Duration
  /// The time of its end.
  package var closed: Duration
  /// In rising order the clients that were asked, and those whose late updates count, with their
  /// outcomes.
  package var outcomes: [(client: Int, outcome: Outcome)]
  /// The number of updates that had been counted before.
  package var duplicates: Int
  /// The clients of earlier rounds whose late updates aren't waited for any more, in rising order.
  package var givenUp: [Int]
  /// The restrictions that clients had told by the round's end.
  package var restrictions: [Int: Restriction]
  /// The time that clients took, in rising order of these; empty where no depth is chosen by it.
  package var efforts: [ClientEffort] = []

  /// The clients whose updates count, in rising order: the order of aggregation.
  package var accepted: [(client: Int, submission: Submission)] {
    outcomes.compactMap { client, outcome in
      guard case .accepted(let submission) = outcome else { return nil }
      return (client, submission)
    }
  }

  /// The mean loss of the clients whose updates count, while they trained, weighted by their
  /// samples.
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

  /// The number of counted updates that were trained for an earlier round.
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
      && lhs.restrictions == rhs.restrictions && lhs.efforts == rhs.efforts
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

/// The time that a client took in a round, or had taken when the round was over.
package struct ClientEffort: Hashable, Sendable {
  /// The client.
  package var client: Int
  /// The stage that it was to train, from 1.
  package var stage: Int
  /// True if that was the round's.
  package var isWhole: Bool
  /// The number of its samples; nil where that isn't known.
  package var samples: Int?
  /// The time since the round's beginning; nil where nothing was heard of it.
  package var time: Duration?
  /// True if it wasn't done by then.
  package var isOver: Bool
  /// True if the round waited for it until it was over, whether or not it was still there.
  package var isAwaited = false
}

/// An update as it was offered, and the model that it was trained from.
package struct Submission: Hashable, Sendable {
  /// Its length, digest and weight.
  package var offer: Offer
  /// The round for which it was trained, from 1; an earlier one than that in which it counts if it
  /// is late.
  package var round: Int
  /// The stage of the sub-model that was trained, from 1; below the round's if the client is
  /// capped.
  package var stage: Int

  /// A submission of the given parts.
  package init(_ offer: Offer, round: Int, stage: Int) {
    self.offer = offer
    self.round = round
    self.stage = stage
  }

  /// The update's name, by which its client finds what it remembers with it.
  package var counted: CountedUpdate { CountedUpdate(offer, round: round) }
}

/// An update's part in the step of the model, x += Σ wᵢ Δᵢ / Σ mᵢ over the updates that
/// cover a parameter.
package struct Contribution: Hashable, Sendable {
  /// The client of the update.
  package var client: Int
  /// The update.
  package var submission: Submission
  /// The weight w of its values.
  package var weight: Double
  /// Its weight in the divisor, m: w unless staleness is to make the step smaller.
  package var denominatorWeight: Double
}

extension RoundResult {
  /// The updates that count, in the order of the clients' numbers, weighted as `rules` say.
  package func contributions(_ rules: RoundRules) -> [Contribution] {
    accepted.map { client, submission in
      let base = rules.weight(samples: submission.offer.samples)
      let staleness = Double(max(0, round - submission.round))
      let weight = base / (1 + staleness).squareRoot()
      return Contribution(
        client: client, submission: submission, weight: weight,
        denominatorWeight: rules.stragglers.dampsStaleSteps ? base : weight)
    }
  }
}
