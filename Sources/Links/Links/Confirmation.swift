/// What a link says of a message at the time of its planned arrival.
public enum Confirmation: Hashable, Sendable {
  /// It is there.
  case arrived
  /// The link stalled meanwhile: ask again at the new arrival.
  case later(Transit)
  /// The connection was cut while it was on its way.
  case lost
}
