package import Progressive
package import Wire

/// An event of the broker.
package enum BrokerEvent: Hashable, Sendable {
  /// Time has passed.
  case tick
  /// A client said something, from the worker `from`, if more than its number is known; a
  /// chunk's bytes wait for the answer.
  case message(Message<Uplink>, from: WorkerPlace? = nil)
  /// A client said something that can't be taken, beside what its header says.
  case faulty(UplinkFault)
  /// A worker asked for a client that its key may not play, or plays one that its key no longer
  /// may.
  case forbidden(client: Int, worker: UInt64, detail: String)
  /// Somebody listens to this topic now.
  case subscribed(Topic)
  /// Somebody no longer listens to this topic, or is gone.
  case unsubscribed(Topic)
  /// The connection over which a client last spoke is gone.
  case disconnected(client: Int)
  /// The model of the next round is ready to be sent.
  case prepared(PreparedModel)
  /// The model that a round came to is ready to be sent to clients that evaluate it.
  case evaluable(PreparedModel)
  /// The normalization of the clients' samples was made, and is durable.
  case normalized(FederatedNormalization)
  /// The update of a client in `round` was checked and, when accepted, stored durably.
  case stored(round: Int, client: Int, StoreResult)
  /// No more than so many clients that could take part in the next round will ever be here again,
  /// as is known where the fleet is played.
  case limited(to: Int)
  /// Whoever runs the broker gives an order.
  case ordered(ControlOrder)
  /// The broker is to stop.
  case stop
}

/// A model that is ready to be sent.
package struct PreparedModel: Hashable, Sendable {
  /// The round for which it is, and what is trained in it.
  package var phase: Phase
  /// Its segments in order.
  package var segments: [Segment]
  /// The most bytes that an update of this round can have.
  package var updateLimit: Int
  /// The heads of earlier stages that there still are, for clients whose memory ends there.
  package var shallowHeads: [Segment]
  /// True if what the round before came to was discarded: none of its updates counts.
  package var followsDiscarded = false

  /// A model of the given parts.
  package init(
    phase: Phase, segments: [Segment], updateLimit: Int, shallowHeads: [Segment] = []
  ) {
    self.phase = phase
    self.segments = segments
    self.updateLimit = updateLimit
    self.shallowHeads = shallowHeads
  }

  /// The round for which it is, from 1.
  package var round: Int { phase.round }
}

/// The result of checking and storing an update.
package enum StoreResult: Hashable, Sendable {
  /// It is durable and counts.
  case accepted
  /// It can't count.
  case refused(RefusalReason, detail: String)
}
