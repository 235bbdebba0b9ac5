/// One client's part in a run.
public struct ClientTotal: Hashable, Sendable {
  /// The client, counted from 0.
  public var client: Int
  /// The number of rounds in which it was selected.
  public var selected: Int
  /// The number of its updates that counted.
  public var accepted: Int
  /// The traffic of its own link.
  public var traffic: TwoWayTraffic
  /// The operations of its training.
  public var flops: Double
}

/// One client's part in the rounds of one stage.
public struct ClientStageTotal: Hashable, Sendable {
  /// The client, counted from 0.
  public var client: Int
  /// The stage, counted from 1.
  public var stage: Int
  /// The number of rounds in which it was selected.
  public var selected: Int
  /// The number of its updates that counted.
  public var accepted: Int
  /// The number of its updates that came too late.
  public var late: Int
  /// The number of its updates that never came.
  public var lost: Int
  /// The traffic of its own link, and the operations of its training.
  public var load: Load
}
