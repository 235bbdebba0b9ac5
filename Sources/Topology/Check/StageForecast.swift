package import Measures

/// What one stage of a run is expected to take, or one step of a strategy whose model doesn't grow.
package struct StageForecast: Hashable, Sendable, Codable {
  /// The stage, from 1.
  package var stage: Int
  /// Its rounds.
  package var rounds: Int
  /// Those of them that train the newest block and its head only.
  package var warmUpRounds: Int
  /// The scalars of its sub-model.
  package var parameters: Int
  /// The bytes of the sub-model as one client receives it, without any block that it has.
  package var modelSize: ByteCount
  /// The bytes of one client's update of the whole sub-model.
  package var updateSize: ByteCount
  /// The multiplications and additions of a training step for one sample that trains all of it.
  package var flopsPerSample: Int
  /// Those of all of its rounds for one sample in each, of what they train.
  package var flops: Double
  /// The payload that all clients receive in all of its rounds.
  package var down: ByteCount
  /// The payload that all clients send in all of its rounds.
  package var up: ByteCount
}
