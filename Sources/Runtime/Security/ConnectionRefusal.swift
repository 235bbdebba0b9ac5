import ZeroMQ

/// Why a worker's connections don't come about, as far as its side can tell.
package enum ConnectionRefusal: Hashable, Sendable, CustomStringConvertible {
  /// The broker knows the worker's key not, or no longer.
  case unknownKey
  /// The broker encrypts, the worker doesn't.
  case encryptionExpected
  /// The worker encrypts, the broker doesn't.
  case encryptionUnknown
  /// The broker breaks off the handshake: most likely it has another key than the worker thinks.
  case wrongBrokerKey

  /// What is wrong, and what to check.
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
