/// The way bytes go on a client's link.
public enum Direction: String, CaseIterable, Hashable, Sendable {
  /// From the broker to the client.
  case down
  /// From the client to the broker.
  case up
}
