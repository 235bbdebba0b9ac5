/// Which way bytes go.
public enum Direction: String, CaseIterable, Codable, Hashable, Sendable {
  /// From the broker to the clients.
  case down
  /// From the clients to the broker.
  case up
}
