import CZeroMQ

extension UnsafeMutablePointer<zmq_msg_t> {
  /// What the ZAP handler called the sender.
  var userID: String? { property("User-Id") }

  /// The address of the sender.
  var peerAddress: String? { property("Peer-Address") }

  /// A property that the handshake attached to the message (zmq_msg_gets(3)).
  private func property(_ name: String) -> String? {
    zmq_msg_gets(self, name).map { String(cString: $0) }
  }
}
