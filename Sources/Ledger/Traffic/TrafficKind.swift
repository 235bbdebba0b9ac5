/// A purpose of bytes; the ledger keeps each kind apart.
public enum TrafficKind: String, CaseIterable, Codable, Hashable, Sendable {
  /// Whole blocks of the model: all of them, or those that are new when it grows.
  case keyframe
  /// The compressed change of the model since the last broadcast state.
  case delta
  /// Ranges of a model that a client missed and asked for.
  case repair
  /// A client's update.
  case update
  /// Joins, announcements, offers, grants, acknowledgements.
  case control
  /// ZMTP's PING and PONG, and the protocol's own signs of life.
  case heartbeat
  /// Greetings, security handshakes and subscriptions.
  case handshake
  /// Bytes that the link carried again, because segments or chunks were lost.
  case retransmission
  /// The plan, which workers that have none ask for.
  case plan
  /// Evaluations on what clients hold out: the model for them, and what they report.
  case evaluation
  /// Sums over clients' samples, for a normalization of all.
  case statistics

  /// True if such bytes bring the model, or parts of it, to a client.
  public var carriesModel: Bool {
    switch self {
    case .keyframe, .delta, .repair: true
    case .update, .control, .plan, .evaluation, .statistics, .heartbeat, .handshake,
      .retransmission:
      false
    }
  }
}

/// The direction in which bytes go.
public enum Direction: String, CaseIterable, Codable, Hashable, Sendable {
  /// From the broker to the clients.
  case down
  /// From the clients to the broker.
  case up
}

/// From where traffic is looked at; both views are kept.
///
/// They coincide when each client is its own worker. Where one worker plays many clients over one
/// connection, a broadcast crosses the socket once and the link of each playing client once.
public enum View: String, CaseIterable, Codable, Hashable, Sendable {
  /// The bytes that each client's own link carries.
  case client
  /// The bytes that the process's connections carry: they must equal the kernel's count.
  case socket
}

/// The way that bytes came: a publisher's drop at its high-water mark was offered, never delivered.
public struct DeliveryStatus: OptionSet, Hashable, Sendable {
  /// The bits of the set.
  public let rawValue: UInt8

  /// A set of the given bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Handed to the socket or link by the sender.
  public static let offered = DeliveryStatus(rawValue: 1)
  /// Seen at the other end.
  public static let delivered = DeliveryStatus(rawValue: 2)
  /// Handed over, and known to have arrived.
  public static let both: DeliveryStatus = [.offered, .delivered]
}
