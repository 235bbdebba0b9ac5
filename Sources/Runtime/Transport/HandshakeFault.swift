/// What is wrong with a peer's handshake, by the numbers of `ZMQ_PROTOCOL_ERROR` (zmq_socket_monitor(3)).
enum HandshakeFault: Hashable, Sendable, CustomStringConvertible {
  /// One side encrypts, the other doesn't.
  case otherMechanism
  /// A message of CURVE couldn't be opened: the client knows another key of the server.
  case wrongServerKey
  /// Anything else that isn't ZMTP as it should be.
  case malformed

  /// The fault that libzmq calls `code`.
  init(_ code: Int) {
    self =
      switch code {
      case 0x1100_0001: .wrongServerKey
      case 0x1100_0002: .otherMechanism
      default: .malformed
      }
  }

  /// The fault's name in the ledger and in logs.
  var description: String {
    switch self {
    case .otherMechanism: "other mechanism"
    case .wrongServerKey: "wrong broker key"
    case .malformed: "broken handshake"
    }
  }
}
