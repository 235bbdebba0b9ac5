public import Measures

/// What becomes of a message handed to a link.
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
