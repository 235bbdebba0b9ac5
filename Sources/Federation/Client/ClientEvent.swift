package import Bytes
package import Wire

/// What happens to a client.
package enum ClientEvent: Hashable, Sendable {
  /// Time has passed.
  case tick
  /// The broker said something to this client or to all; a chunk's bytes were kept elsewhere.
  case message(Message<Downlink>)
  /// A step's bytes are complete but don't have its digest: all of it is needed anew.
  case damaged(Digest)
  /// The client has so many samples, as is known once they are dealt out.
  case dealt(samples: Int)
  /// Training for `round` ended with an update that is described by the offer.
  case trained(round: Int, Offer)
  /// Training for `round` ended without an update.
  case failed(round: Int, DeclineReason, detail: String)
  /// The client is to leave.
  case stop
}
