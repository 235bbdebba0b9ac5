/// What bytes are for; the ledger keeps each kind apart.
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
  /// What the link had to carry again, because segments or chunks were lost.
  case retransmission

  /// Whether such bytes bring the model, or parts of it, to a client.
  public var carriesModel: Bool {
    switch self {
    case .keyframe, .delta, .repair: true
    case .update, .control, .heartbeat, .handshake, .retransmission: false
    }
  }
}
