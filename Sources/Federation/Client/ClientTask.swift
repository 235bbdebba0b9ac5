package import Bytes
package import Codecs
import Progressive
package import Wire

/// The task of a selected client in a round, or after it.
package struct ClientTask: Hashable, Sendable {
  /// The round, from 1.
  package var round: Int
  /// The stage of the sub-model that it trains, from 1; below the round's if its memory ends there.
  package var stage: Int
  /// Only the newest block and its head are trained.
  package var warmUp: Bool
  /// The learning rate.
  package var learningRate: Float
  /// The factor of the learning rate of the newest block and head, in (0, 1].
  package var newBlockRate: Float
  /// The sub-model's segments in order.
  package var segments: [Segment]
  /// The steps that the client lacks of them and fetches, in the model's order, none twice.
  package var steps: [ModelPatch]
  /// The codec of the update.
  package var updateCodec: CodecSpec
  /// Names the announced model, of which this may be a part.
  package var model: Digest
  /// Names the model that is trained: the digest over its segments' states.
  package var base: Digest
  /// The purpose.
  package var purpose: TaskPurpose
  /// The client's last update that counts, whose memory it begins with; nil for none.
  package var counted: CountedUpdate?

  /// The task that `announce` gives in `round` at `stage`, for which `steps` are to be fetched.
  package init(
    round: Int, stage: Int, announce: Announce, steps: [ModelPatch],
    purpose: TaskPurpose = .training
  ) {
    self.purpose = purpose
    self.round = round
    self.stage = stage
    warmUp = announce.warmUp
    learningRate = announce.learningRate
    newBlockRate = announce.newBlockRate
    segments = announce.segments
    self.steps = steps
    updateCodec = announce.updateCodec
    model = announce.base
    base = announce.base
  }

  /// The task that an announcement has for a client; nil if there is none for its memory.
  ///
  /// Its last update that counts is the one of which the announcement tells, else the one of which
  /// the client heard itself.
  package init?(
    of header: Header, _ announce: Announce, for identity: ClientIdentity,
    after heard: CountedUpdate? = nil
  ) {
    self.init(
      round: header.round, stage: header.stage, announce: announce,
      limit: identity.maximalStage, depth: announce.depths[identity.client])
    counted = announce.counted.map { $0[identity.client] } ?? heard
  }

  /// The task for a client whose memory allows no stage beyond `limit`; nil if there is none for
  /// it.
  ///
  /// Where the round's stage is deeper, that is the deepest stage that the memory allows and whose
  /// head is announced: the blocks up to it, and its head. The broker may ask for a lesser `depth`.
  package init?(
    round: Int, stage: Int, announce: Announce, limit: Int?, depth: Int? = nil
  ) {
    self.init(round: round, stage: stage, announce: announce, steps: [])
    guard let limit = [limit, depth].compactMap(\.self).min(), limit < stage else { return }
    let parts = SubModels(
      stage: min(stage, announce.segments.count), segments: announce.segments,
      shallowHeads: announce.shallowHeads)
    guard let deepest = parts.stages.last(where: { $0 <= limit }),
      let segments = parts.segments(of: deepest)
    else { return nil }
    self.stage = deepest
    self.segments = segments
    // It has no part of what is new.
    newBlockRate = 1
    base = Segment.base(of: segments)
  }
}
