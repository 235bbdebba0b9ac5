import Bytes
import Federation
import Progressive
import Wire

extension AnswerJournal {
  /// A model as it was announced.
  struct Model: Codable, Hashable {
    /// The round for which it was made.
    var round: Int
    /// Its segments, in order.
    var segments: [Segment]
    /// The heads of earlier stages.
    var heads: [Segment]
    /// The most bytes that an update could have.
    var updateLimit: Int

    /// What is kept of `model`.
    init(_ model: PreparedModel) {
      round = model.round
      segments = model.segments.map(Segment.init)
      heads = model.shallowHeads.map(Segment.init)
      updateLimit = model.updateLimit
    }

    /// The model, for the round of `phase`; nil unless it is one.
    func prepared(for phase: Phase) -> PreparedModel? {
      let segments = segments.compactMap(\.announced)
      let heads = heads.compactMap(\.announced)
      guard phase.round == round, segments.count == self.segments.count,
        heads.count == self.heads.count
      else { return nil }
      return PreparedModel(
        phase: phase, segments: segments, updateLimit: updateLimit, shallowHeads: heads)
    }
  }

  /// A segment as it was announced.
  struct Segment: Codable, Hashable {
    /// A step to its state.
    struct Step: Codable, Hashable {
      var digest: String
      var length: Int
      var codec: PatchCodec
      var from: UInt64?
      var to: UInt64
    }

    var name: String
    var state: String
    var trained: Bool
    var steps: [Step]

    /// What is kept of `segment`.
    init(_ segment: Wire.Segment) {
      name = segment.name
      state = segment.state.hex
      trained = segment.trained
      steps = segment.steps.map {
        Step(digest: $0.digest.hex, length: $0.length, codec: $0.codec, from: $0.from, to: $0.to)
      }
    }

    /// The segment; nil unless its digests are some.
    var announced: Wire.Segment? {
      guard let state = Digest(hex: state) else { return nil }
      let steps = steps.compactMap { step -> ModelPatch? in
        guard let digest = Digest(hex: step.digest) else { return nil }
        return ModelPatch(
          digest: digest, length: step.length, codec: step.codec, from: step.from, to: step.to)
      }
      guard steps.count == self.steps.count else { return nil }
      return Wire.Segment(name: name, state: state, trained: trained, steps: steps)
    }
  }

  /// What came of storing an update.
  struct Stored: Codable {
    /// Why it was refused; nil if it was accepted.
    private var reason: Int?
    private var detail: String?

    /// What is kept of `result`.
    init(_ result: StoreResult) {
      guard case .refused(let reason, let detail) = result else { return }
      self.reason = reason.rawValue
      self.detail = detail
    }

    /// The result.
    var result: StoreResult {
      guard let reason = reason.flatMap(RefusalReason.init(rawValue:)) else { return .accepted }
      return .refused(reason, detail: detail ?? "")
    }
  }

  /// What came of a training, without the bytes.
  enum Outcome: Codable {
    /// An update; its loss by its bits, as it may be no number.
    case trained(
      length: Int, digest: String, samples: Int, base: String, loss: UInt32, steps: Int,
      skipped: Int)
    /// No update.
    case failed(reason: Int, detail: String)

    /// What is kept of `result`.
    init(_ result: TrainingResult) {
      switch result {
      case .trained(let offer, _):
        self = .trained(
          length: offer.length, digest: offer.digest.hex, samples: offer.samples,
          base: offer.base.hex, loss: offer.loss.bitPattern, steps: offer.steps,
          skipped: offer.skippedSteps)
      case .failed(let reason, let detail):
        self = .failed(reason: reason.rawValue, detail: detail)
      }
    }

    /// The result, with what was kept of the update's content; nil unless it is one.
    func result(with content: FleetSnapshot.Update?) -> TrainingResult? {
      switch self {
      case .failed(let reason, let detail):
        return DeclineReason(rawValue: reason).map { .failed($0, detail: detail) }
      case .trained(let length, let digest, let samples, let base, let loss, let steps, let skipped):
        guard let digest = Digest(hex: digest), let base = Digest(hex: base) else { return nil }
        let offer = Offer(
          length: length, digest: digest, samples: samples, base: base,
          loss: Float(bitPattern: loss), steps: steps, skippedSteps: skipped)
        let update = content.map { ClientUpdate($0.buffer, remembering: $0.memory) }
        return .trained(offer, update ?? ClientUpdate(length: length))
      }
    }
  }
}
