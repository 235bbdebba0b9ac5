/// How far a run came.
public enum RunState: String, CaseIterable, Codable, Hashable, Sendable {
  /// It goes on, or was killed before it could say otherwise.
  case running
  /// All rounds were run.
  case done
  /// All rounds were run, but no update counted in any: the model is as it began.
  case fruitless
  /// It was stopped, with a checkpoint to resume from.
  case interrupted
  /// It gave up for want of clients, with a checkpoint to resume from.
  case aborted

  /// Whether all rounds were run, so that there is nothing to go on with.
  public var isFinished: Bool {
    switch self {
    case .done, .fruitless: true
    case .running, .interrupted, .aborted: false
    }
  }
}
