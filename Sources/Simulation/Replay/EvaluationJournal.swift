import Bytes
import Federation
package import LocalTraining
package import Wire

/// The answers of a backend to evaluations by clients, as a journal keeps them.
package struct EvaluationJournal: Codable, Hashable {
  /// The models that clients evaluated, in the order in which they were asked for.
  package var models: [AnnouncedModel] = []
  /// The number of evaluations that were begun.
  package var begun = 0
  /// The outcomes that were asked for, by the numbers of their evaluations, from 0.
  package var outcomes: [Int: Outcome] = [:]

  /// No answers.
  package init() {}

  /// The outcome of a client's evaluation.
  package enum Outcome: Hashable {
    /// Counts and sums.
    case scored(HoldOutScores)
    /// None, for this reason.
    case failed(DeclineReason, detail: String)

    /// The outcome of an evaluation that ended.
    package init(_ scores: LocalScores) {
      switch scores {
      case .scored(let scores): self = .scored(scores)
      case .failed(let reason, let detail): self = .failed(reason, detail: detail)
      }
    }

    /// The answer that a backend gives again.
    package var scores: LocalScores {
      switch self {
      case .scored(let scores): .scored(scores)
      case .failed(let reason, let detail): .failed(reason, detail: detail)
      }
    }
  }
}

extension EvaluationJournal.Outcome: Codable {
  private enum CodingKeys: CodingKey {
    case base, samples, points, correct, loss, confusion, classes, reason, detail
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard container.contains(.base) else {
      self = .failed(
        try container.decode(DeclineReason.self, forKey: .reason),
        detail: try container.decode(String.self, forKey: .detail))
      return
    }
    let classes = try container.decode([[Int]].self, forKey: .classes)
    guard classes.allSatisfy({ $0.count == 2 }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .classes, in: container, debugDescription: "a class has two numbers")
    }
    self = .scored(
      HoldOutScores(
        base: try container.decode(Digest.self, forKey: .base),
        samples: try container.decode(Int.self, forKey: .samples),
        points: try container.decode(Int.self, forKey: .points),
        correct: try container.decode(Int.self, forKey: .correct),
        // By its bits, so that sums come out the same.
        loss: Double(bitPattern: try container.decode(UInt64.self, forKey: .loss)),
        confusion: try container.decode([Int].self, forKey: .confusion),
        classes: classes.map { .init(samples: $0[0], correct: $0[1]) }))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .scored(let scores):
      try container.encode(scores.base, forKey: .base)
      try container.encode(scores.samples, forKey: .samples)
      try container.encode(scores.points, forKey: .points)
      try container.encode(scores.correct, forKey: .correct)
      try container.encode(scores.loss.bitPattern, forKey: .loss)
      try container.encode(scores.confusion, forKey: .confusion)
      try container.encode(scores.classes.map { [$0.samples, $0.correct] }, forKey: .classes)
    case .failed(let reason, let detail):
      try container.encode(reason, forKey: .reason)
      try container.encode(detail, forKey: .detail)
    }
  }
}
