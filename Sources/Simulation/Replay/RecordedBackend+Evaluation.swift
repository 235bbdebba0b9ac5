package import Federation
import LocalTraining
import Wire

/// Evaluations by clients, whose answers are written down as well.
///
/// A run isn't stopped, nor a point of it kept, while one is under way: none is ever left to go on
/// with.
extension RecordedBackend {
  package func heldOut(of client: Int) -> Int { backend.heldOut(of: client) }

  package func prepareEvaluation(round: Int) throws -> PreparedModel {
    let number = journal.evaluations?.models.count ?? 0
    let model: PreparedModel = try answer(.prepareEvaluation(round: round)) {
      guard let known = earlier.journal.evaluations?.models, number < known.count else {
        return nil
      }
      return known[number].prepared(for: backend.phase(in: round))
    } else: {
      try backend.prepareEvaluation(round: round)
    }
    note { $0.models.append(AnnouncedModel(model)) }
    return model
  }

  package func beginEvaluation(_ task: ClientTask, client: Int) throws -> any PendingScores {
    let number = journal.evaluations?.begun ?? 0
    note { $0.begun += 1 }
    return try answer(.evaluate(client: client, round: task.round)) {
      let known = earlier.journal.evaluations?.outcomes[number]
      return NumberedScores(number, known: known, nil, backend: self)
    } else: {
      NumberedScores(
        number, known: nil, try backend.beginEvaluation(task, client: client), backend: self)
    }
  }

  /// Writes something down about evaluations.
  fileprivate func note(_ change: (inout EvaluationJournal) -> Void) {
    var evaluations = journal.evaluations ?? EvaluationJournal()
    change(&evaluations)
    journal.evaluations = evaluations
  }
}

/// An evaluation with a number, recorded or new.
///
/// SAFETY of `@unchecked Sendable`: only the simulation's thread uses it.
private final class NumberedScores: PendingScores, @unchecked Sendable {
  private let number: Int
  private let known: EvaluationJournal.Outcome?
  private let scores: (any PendingScores)?
  private unowned let backend: RecordedBackend

  /// The evaluation; nil for one whose outcome is known.
  init(
    _ number: Int, known: EvaluationJournal.Outcome?, _ scores: (any PendingScores)?,
    backend: RecordedBackend
  ) {
    self.number = number
    self.known = known
    self.scores = scores
    self.backend = backend
  }

  func outcome() -> LocalScores {
    let outcome =
      known ?? scores.map { EvaluationJournal.Outcome($0.outcome()) }
      ?? .failed(.failed, detail: "its result is gone")
    backend.note { $0.outcomes[number] = outcome }
    return outcome.scores
  }

  func cancel() { scores?.cancel() }
}
