public import Measures

/// The model of a run: its name and what each stage costs.
public struct ModelDescription: Hashable, Sendable, Codable {
  /// The name in the zoo: "convnet".
  public var name: String
  /// The parameters of the full model, P.
  public var parameters: Int
  /// The sub-models, smallest first.
  public var stages: [StageDescription]

  /// A model of the given stages.
  public init(name: String, parameters: Int, stages: [StageDescription]) {
    self.name = name
    self.parameters = parameters
    self.stages = stages
  }

  /// The stage of that number, counted from 1; nil if there is none.
  public func stage(_ number: Int) -> StageDescription? { stages.first { $0.stage == number } }

  /// The operations of training the full model on one sample.
  public var flopsPerSample: Double { stages.map(\.flopsPerSample).max() ?? 0 }
}

/// The cost of the sub-model of one stage.
public struct StageDescription: Hashable, Sendable, Codable {
  /// The stage, counted from 1.
  public var stage: Int
  /// The parameters of the sub-model with its head.
  public var parameters: Int
  /// The floating-point operations of training on one sample, forward and backward.
  public var flopsPerSample: Double
  /// The memory that a client's training takes at its peak; nil where that isn't known.
  ///
  /// The values of a batch, and four copies of the parameters: values, gradients, momentum and the
  /// model that was received.
  public var memory: ByteCount?

  /// A stage of the given cost.
  public init(stage: Int, parameters: Int, flopsPerSample: Double, memory: ByteCount? = nil) {
    self.stage = stage
    self.parameters = parameters
    self.flopsPerSample = flopsPerSample
    self.memory = memory
  }
}
