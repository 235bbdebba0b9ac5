package import Digests
package import Wire

/// What a selected client does in a round.
package struct ClientTask: Hashable, Sendable {
  /// The round, from 1.
  package var round: Int
  /// The stage, from 1.
  package var stage: Int
  /// Only the newest block and its head are trained.
  package var warmUp: Bool
  /// The learning rate.
  package var learningRate: Float
  /// The model's segments in order.
  package var segments: [Segment]
  /// What the client lacks of them: the steps to be fetched, in the model's order, none twice.
  package var steps: [Step]
  /// The codec of the update.
  package var updateCodec: String
  /// Names the model: the digest over its segments' states.
  package var base: Digest

  /// The task that `announce` gives in `round` at `stage`, for which `steps` are to be fetched.
  package init(round: Int, stage: Int, announce: Announce, steps: [Step]) {
    self.round = round
    self.stage = stage
    warmUp = announce.warmUp
    learningRate = announce.learningRate
    segments = announce.segments
    self.steps = steps
    updateCodec = announce.updateCodec
    base = announce.base
  }
}
