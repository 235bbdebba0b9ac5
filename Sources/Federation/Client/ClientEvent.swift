package import Bytes
package import Wire

/// An event of a client.
package enum ClientEvent: Hashable, Sendable {
  /// Time has passed.
  case tick
  /// The broker said something to this client or to all; a chunk's bytes were kept elsewhere.
  case message(Message<Downlink>)
  /// A step's bytes are complete but don't have its digest: all of it is needed anew.
  case damaged(Digest)
  /// The client has these samples, as is known once they are dealt out or read; its own may change
  /// at any time.
  case has(ClientHolding)
  /// Training for `round` ended with an update that is described by the offer.
  case trained(round: Int, Offer)
  /// Training for `round` ended without an update.
  case failed(round: Int, DeclineReason, detail: String)
  /// Evaluating the model of `round` ended with these scores; a failure is told as that of a
  /// training.
  case evaluated(round: Int, HoldOutScores)
  /// Nothing was heard of the client's worker for a while: a client that has nothing else to say is
  /// to say that it is there.
  case showLife
  /// The sums over its training samples are here.
  case measured(SampleSums)
  /// There are no sums over its training samples, for this reason.
  case unmeasured(DeclineReason, detail: String)
  /// The client is to leave.
  case stop
}

/// An action that a client's surroundings do for it.
package enum ClientAction: Hashable, Sendable {
  /// Send this.
  case send(Message<Uplink>)
  /// Send these ranges of the update of `round`, in chunks under `header`.
  case sendUpdate(Header, ranges: [Range<Int>])
  /// The run's seed and figures are known now.
  case welcomed(Welcome)
  /// Receive the chunks of this step.
  case subscribe(ModelPatch)
  /// Its chunks are no longer needed.
  case unsubscribe(Digest)
  /// All steps to this segment's state are here: the client holds it from now on.
  case reached(Segment)
  /// The client holds no more states than these, by the first 8 bytes of their digests.
  case keep(Set<UInt64>)
  /// Train; all segments' states were reached.
  case train(ClientTask)
  /// Evaluate on what is held out; all segments' states were reached.
  case evaluate(ClientTask)
  /// Add up its training samples; answered by `measured` or `unmeasured`.
  case measure
  /// From now on samples are normalized by this.
  case normalize(FederatedNormalization)
  /// The update of this round is counted, or never will be: what was kept for it can go.
  case settled(round: Int, accepted: Bool)
  /// Tell people that the broker doesn't take the update of this round, and why.
  case refused(round: Int, RefusalReason, detail: String)
  /// The broker doesn't take the client in for now, for this reason; it asks again.
  case turnedDown(RefusalReason, detail: String)
  /// Nothing more will happen: the run is over, or the broker refuses this client for good.
  case finished(ClientEnd)
}

/// The end of a client's part in a run.
package enum ClientEnd: Hashable, Sendable {
  /// All rounds were run.
  case complete
  /// The broker was stopped before that.
  case interrupted
  /// The client was told to leave.
  case left
  /// The broker refuses it for good.
  case refused(RefusalReason, detail: String)
}
