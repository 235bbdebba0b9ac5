public import Measures

/// One message's way over a link.
public struct Transit: Hashable, Sendable {
  /// How many messages the link had carried before.
  public var index: UInt64
  /// When it was handed to the link.
  public var sent: Duration
  /// When its first byte left the queue.
  public var started: Duration
  /// When its last byte left the queue, repairs included.
  public var departed: Duration
  /// When its last byte is there; never before that of an earlier message.
  public var arrival: Duration
  /// The stream bytes.
  public var size: ByteCount
  /// How many segments carried it, those sent again not counted.
  public var segments: Int
  /// How many segments were sent again.
  public var retransmitted: Int
  /// The link's stalls that are in `arrival` already.
  var stalled: VirtualTime

  /// When its first byte is there; repairs hold back the whole.
  public var firstArrival: Duration { min(arrival, started + (arrival - departed)) }

  /// All bytes on the link: stream, headers of each segment, and retransmissions as full segments.
  ///
  /// Computed by a model and therefore reported apart from measured bytes; acknowledgements on the
  /// way back are not in it.
  public var linkBytes: ByteCount {
    size + ByteCount(segments * TCPSegment.overhead + retransmitted * TCPSegment.full)
  }
}
