public import Measures

/// One message's way over a link.
public struct Transit: Hashable, Sendable {
  /// The number of messages that the link had carried before.
  public var index: UInt64
  /// The time at which it was handed to the link.
  public var sent: Duration
  /// The time at which its first byte left the queue.
  public var started: Duration
  /// The time at which its last byte left the queue, repairs included.
  public var departed: Duration
  /// The time of its last byte's arrival; never before that of an earlier message.
  public var arrival: Duration
  /// The stream bytes.
  public var size: ByteCount
  /// The number of segments that carried it, those sent again not counted.
  public var segments: Int
  /// The number of segments sent again.
  public var retransmitted: Int
  /// The link's stalls that are in `arrival` already.
  var stalled: VirtualTime

  /// The time of its first byte's arrival; repairs hold back the whole.
  public var firstArrival: Duration { min(arrival, started + (arrival - departed)) }

  /// All bytes on the link: stream, headers of each segment, and retransmissions as full segments.
  ///
  /// Computed by a model and therefore reported apart from measured bytes; acknowledgements on the
  /// way back are not in it.
  public var linkBytes: ByteCount {
    size + ByteCount(segments * TCPSegment.overhead + retransmitted * TCPSegment.full)
  }
}

/// The fate of a message handed to a link.
public enum Delivery: Hashable, Sendable {
  /// It is on its way and will arrive, if nothing is cut before.
  case carried(Transit)
  /// The queue was full, and the message is gone; the sender isn't told.
  case dropped(waiting: ByteCount)
  /// The queue is full; the sender keeps the message and may try again then.
  case refused(until: Duration)
  /// It was sent into a dead connection whose death the sender doesn't know of yet.
  case vanished
  /// The sender knows that there is no connection.
  case disconnected

  /// The way of a message that was carried.
  public var transit: Transit? {
    if case .carried(let transit) = self { transit } else { nil }
  }
}

/// The link's answer about a message at the time of its planned arrival.
public enum Confirmation: Hashable, Sendable {
  /// It is there.
  case arrived
  /// The link stalled meanwhile: ask again at the new arrival.
  case later(Transit)
  /// The connection was cut while it was on its way.
  case lost
}

/// The places of a link's random stream at which the values for each purpose lie: far apart, so
/// that none depends on how many were drawn for another.
enum LinkChance {
  /// Value i: what happens to the segment i when it is sent for the first time.
  static var segments: UInt64 { 0 }
  /// Value i: what happens to the retransmission i.
  static var repairs: UInt64 { 1 << 62 }
  /// Value i: the chain's state when the repair that begins with retransmission i comes.
  static var states: UInt64 { 2 << 62 }
  /// Value i: the jitter of message i.
  static var jitters: UInt64 { 3 << 62 }
}
