import ZeroMQ

/// The reason why a worker's connections don't come about, as far as its side can tell.
package enum ConnectionRefusal: Hashable, Sendable, CustomStringConvertible {
  /// The broker knows the worker's key not, or no longer.
  case unknownKey
  /// The broker encrypts, the worker doesn't.
  case encryptionExpected
  /// The worker encrypts, the broker doesn't.
  case encryptionUnknown
  /// The broker breaks off the handshake: most likely it has another key than the worker thinks.
  case wrongBrokerKey

  /// The fault and what to check, in words.
  package var description: String {
    switch self {
    case .unknownKey:
      """
      the broker doesn't admit this worker's key: it isn't on the allow-list, or not any more; \
      have the broker's owner add it
      """
    case .encryptionExpected:
      "the broker takes encrypted connections alone; give --keys and --broker-key"
    case .encryptionUnknown:
      "the broker doesn't encrypt; leave out --keys and --broker-key if you trust the network"
    case .wrongBrokerKey:
      """
      the broker breaks off the handshake; check that --broker-key is the public key it has now, and that \
      a progfed broker listens there
      """
    }
  }
}

/// A fault of a peer's handshake, by the numbers of `ZMQ_PROTOCOL_ERROR` (zmq_socket_monitor(3)).
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
