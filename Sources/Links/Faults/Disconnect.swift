/// How a connection ends.
public enum Disconnect: String, CaseIterable, Hashable, Sendable {
  /// FIN: what was sent still arrives, both ends learn of it.
  case clean
  /// RST: what was on its way is lost, both ends learn of it.
  case reset
  /// Nothing gets through and nobody learns of it: only heartbeats help.
  case blackHole
  /// The address translation forgot the connection: a black hole, but a new connection works at once.
  case rebind

  /// Whether what was on its way is lost.
  public var losesInFlight: Bool { self != .clean }

  /// Whether the ends learn of it without heartbeats, one delay later.
  public var isNoticed: Bool { self == .clean || self == .reset }

  /// Whether a new connection works before the link is restored.
  public var allowsReconnect: Bool { self == .rebind }
}
