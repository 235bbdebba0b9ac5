/// One client's part in the rounds of one stage.
public struct ClientStageTotal: Hashable, Sendable {
  /// The client, counted from 0.
  public var client: Int
  /// The stage, counted from 1.
  public var stage: Int
  /// How often it was selected.
  public var selected: Int
  /// How many of its updates counted.
  public var accepted: Int
  /// How many of its updates came too late.
  public var late: Int
  /// How many of its updates never came.
  public var lost: Int
  /// What its own link carried, and what its training took.
  public var load: Load
}
