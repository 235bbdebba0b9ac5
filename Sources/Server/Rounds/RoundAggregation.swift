package import Codecs
package import Federation
package import Tensors

/// The weighted means of a round's updates, folded in the order of the clients' numbers.
///
/// Floating-point sums depend on their order. The clients' order is fixed, so the order in which
/// updates arrive changes nothing. All updates are expected before the first is folded, as their
/// weights are shares of a sum.
package struct RoundAggregation {
  /// The updates that count, in the order in which they are to be folded.
  package let updates: [(contribution: Contribution, form: UpdateForm)]
  private var aggregator = Aggregator()
  private var gradients = Aggregator()

  /// Expects these updates, in whatever order they come.
  package init(of updates: [(Contribution, UpdateForm)]) {
    self.updates = updates.map { (contribution: $0, form: $1) }
      .sorted { $0.contribution.client < $1.contribution.client }
    for (contribution, form) in self.updates {
      aggregator.expect(
        form.layouts, denominatorWeight: contribution.denominatorWeight,
        localSteps: form.localSteps)
      if form.reach != nil {
        gradients.expect(form.layouts, denominatorWeight: contribution.denominatorWeight)
      }
    }
  }

  /// Adds an update that was expected; to be called in the order of ``updates``.
  ///
  /// - Throws: `CodecError`, never for an update that was decoded.
  package mutating func fold(
    _ update: [CheckedSegment], of contribution: Contribution, _ form: UpdateForm
  ) throws(CodecError) {
    try aggregator.fold(update, weight: contribution.weight, localSteps: form.localSteps)
    guard let reach = form.reach else { return }
    try gradients.fold(update, weight: contribution.weight / reach)
  }

  /// The mean update Δ of each segment that an update covers.
  package var means: [ParameterVector] { aggregator.means }

  /// The mean of the clients' mean gradients, Δᵢ / rᵢ with their reaches r; empty without control
  /// variates.
  package var meanGradients: [ParameterVector] { gradients.means }

  /// The weight of the clients whose gradients are in a segment's mean.
  package func gradientWeight(of segment: String) -> Double {
    gradients.denominatorWeight(of: segment)
  }
}
