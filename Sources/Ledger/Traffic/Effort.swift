import Measures

/// What a round's participants computed, and what the full model would have asked of them.
struct Effort: Hashable, Sendable {
  /// The operations of training the sub-models.
  var flops: Double
  /// The operations of training the full model on the same samples.
  var fullModelFlops: Double
  /// How many clients took the model in: all that weren't lost, and the lost ones that got bytes of it.
  var downClients: Int
  /// How many clients handed an update over, whether or not it counted.
  var upClients: Int

  init(_ record: RoundRecord, book: RoundBook, model: ModelDescription) {
    flops = 0
    fullModelFlops = 0
    guard !record.outcomes.isEmpty else {
      downClients = max(0, record.selected - record.lost)
      upClients = record.accepted + record.late
      return
    }
    downClients = 0
    upClients = 0
    let served = book.clientsServed
    for outcome in record.outcomes {
      let samples = Double(outcome.trainedSamples)
      let stage = outcome.stage ?? record.stage
      // Who is capped trains a sub-model of its own, all of it.
      let own = stage == record.stage ? record.flopsPerSample : nil
      flops += samples * (own ?? model.stage(stage)?.flopsPerSample ?? 0)
      fullModelFlops += samples * model.flopsPerSample
      switch outcome.outcome {
      case .accepted:
        downClients += 1
        upClients += 1
      case .late, .refused:
        downClients += 1
        if outcome.updateSize > .zero { upClients += 1 }
      case .lost:
        if served.contains(outcome.client) { downClients += 1 }
      }
    }
  }
}
