import Wire

/// What an update adds to the model: x += Σ wᵢ Δᵢ / Σ mᵢ, over the updates that cover a parameter.
package struct Contribution: Hashable, Sendable {
  /// Whose update it is.
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
