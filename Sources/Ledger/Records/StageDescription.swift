/// What the sub-model of one stage costs.
public struct StageDescription: Hashable, Sendable, Codable {
  /// The stage, counted from 1.
  public var stage: Int
  /// The parameters of the sub-model with its head.
  public var parameters: Int
  /// The floating-point operations of training on one sample, forward and backward.
  public var flopsPerSample: Double

  /// A stage of the given cost.
  public init(stage: Int, parameters: Int, flopsPerSample: Double) {
    self.stage = stage
    self.parameters = parameters
    self.flopsPerSample = flopsPerSample
  }
}
