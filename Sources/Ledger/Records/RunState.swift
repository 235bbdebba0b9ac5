/// How far a run came.
public enum RunState: String, CaseIterable, Codable, Hashable, Sendable {
  /// It goes on, or was killed before it could say otherwise.
  case running
  /// All rounds were run.
  case done
  /// It was stopped, with a checkpoint to resume from.
  case interrupted
  /// It gave up, for example because too few clients were left.
  case aborted
}
