/// One client's part in a run.
public struct ClientTotal: Hashable, Sendable {
  /// The client, counted from 0.
  public var client: Int
  /// How often it was selected.
  public var selected: Int
  /// How many of its updates counted.
  public var accepted: Int
  /// What its own link carried.
  public var traffic: TwoWayTraffic
  /// The operations of its training.
  public var flops: Double

  /// A client's part of the given size.
  public init(client: Int, selected: Int, accepted: Int, traffic: TwoWayTraffic, flops: Double = 0)
  {
    self.client = client
    self.selected = selected
    self.accepted = accepted
    self.traffic = traffic
    self.flops = flops
  }
}

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
