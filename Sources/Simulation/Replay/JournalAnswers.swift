import Bytes
package import Federation
package import Progressive
package import Wire

/// A model as a journal keeps it: the announcement of a round, whose phase follows from its number.
package struct AnnouncedModel: Codable, Hashable {
  /// The round for which it was made.
  package var round: Int
  /// Its segments, in order.
  package var segments: [Segment]
  /// The heads of earlier stages.
  package var heads: [Segment]
  /// The most bytes that an update could have.
  package var updateLimit: Int
  /// True if the round before was discarded; nil for no.
  package var followsDiscarded: Bool?
}

extension AnnouncedModel {
  /// The announcement of `model`.
  package init(_ model: PreparedModel) {
    round = model.round
    segments = model.segments
    heads = model.shallowHeads
    updateLimit = model.updateLimit
    followsDiscarded = model.followsDiscarded ? true : nil
  }

  /// The model for the round of `phase`; nil if it was made for another round.
  package func prepared(for phase: Phase) -> PreparedModel? {
    guard phase.round == round else { return nil }
    var model = PreparedModel(
      phase: phase, segments: segments, updateLimit: updateLimit, shallowHeads: heads)
    model.followsDiscarded = followsDiscarded ?? false
    return model
  }
}

/// An answer of a journal to the storing of an update: `{}` for an accepted one, else why it was
/// refused.
extension StoreResult: Codable {
  private enum CodingKeys: CodingKey {
    case reason, detail
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard let reason = try container.decodeIfPresent(RefusalReason.self, forKey: .reason) else {
      self = .accepted
      return
    }
    self = .refused(
      reason, detail: try container.decodeIfPresent(String.self, forKey: .detail) ?? "")
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    guard case .refused(let reason, let detail) = self else { return }
    try container.encode(reason, forKey: .reason)
    try container.encode(detail, forKey: .detail)
  }
}

/// The result of a training as a journal keeps it: without the update's bytes.
package enum TrainingOutcome: Hashable {
  /// An update of this offer.
  case trained(Offer)
  /// No update.
  case failed(DeclineReason, detail: String)
}

extension TrainingOutcome {
  /// The outcome of `result`.
  package init(_ result: TrainingResult) {
    switch result {
    case .trained(let offer, _): self = .trained(offer)
    case .failed(let reason, let detail): self = .failed(reason, detail: detail)
    }
  }

  /// The result, with the update's content where it was kept.
  package func result(with content: FleetSnapshot.Update?) -> TrainingResult {
    switch self {
    case .failed(let reason, let detail): return .failed(reason, detail: detail)
    case .trained(let offer):
      let update = content.map { ClientUpdate($0.buffer, remembering: $0.memory) }
      return .trained(offer, update ?? ClientUpdate(length: offer.length))
    }
  }
}

extension TrainingOutcome: Codable {
  private enum CodingKeys: CodingKey {
    case trained, failed
  }

  private enum OfferKeys: CodingKey {
    case length, digest, samples, base, loss, steps, skipped
  }

  private enum FailureKeys: CodingKey {
    case reason, detail
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard container.contains(.trained) else {
      let failure = try container.nestedContainer(keyedBy: FailureKeys.self, forKey: .failed)
      self = .failed(
        try failure.decode(DeclineReason.self, forKey: .reason),
        detail: try failure.decode(String.self, forKey: .detail))
      return
    }
    let offer = try container.nestedContainer(keyedBy: OfferKeys.self, forKey: .trained)
    self = .trained(
      Offer(
        length: try offer.decode(Int.self, forKey: .length),
        digest: try offer.decode(Digest.self, forKey: .digest),
        samples: try offer.decode(Int.self, forKey: .samples),
        base: try offer.decode(Digest.self, forKey: .base),
        loss: Float(bitPattern: try offer.decode(UInt32.self, forKey: .loss)),
        steps: try offer.decode(Int.self, forKey: .steps),
        skippedSteps: try offer.decode(Int.self, forKey: .skipped)))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .trained(let update):
      var offer = container.nestedContainer(keyedBy: OfferKeys.self, forKey: .trained)
      try offer.encode(update.length, forKey: .length)
      try offer.encode(update.digest, forKey: .digest)
      try offer.encode(update.samples, forKey: .samples)
      try offer.encode(update.base, forKey: .base)
      // By its bits, as it may be no number, which JSON can't tell.
      try offer.encode(update.loss.bitPattern, forKey: .loss)
      try offer.encode(update.steps, forKey: .steps)
      try offer.encode(update.skippedSteps, forKey: .skipped)
    case .failed(let reason, let detail):
      var failure = container.nestedContainer(keyedBy: FailureKeys.self, forKey: .failed)
      try failure.encode(reason, forKey: .reason)
      try failure.encode(detail, forKey: .detail)
    }
  }
}
