package import Wire

/// An update as it was offered, and the model that it was trained from.
package struct Submission: Hashable, Sendable {
  /// Its length, digest and weight.
  package var offer: Offer
  /// The round for which it was trained, from 1; an earlier one than that in which it counts if it is late.
  package var round: Int
  /// The stage of the sub-model that was trained, from 1; below the round's if the client is capped.
  package var stage: Int

  /// A submission of the given parts.
  package init(_ offer: Offer, round: Int, stage: Int) {
    self.offer = offer
    self.round = round
    self.stage = stage
  }
}
