import CZeroMQ

extension Security {
  func apply(to socket: UnsafeMutableRawPointer) throws(ZMQError) {
    switch self {
    case .none: break
    case .addressChecked(let domain): try enforce(domain, on: socket)
    case .curveServer(let secretKey, let domain):
      try setOption(ZMQ_CURVE_SERVER, 1, of: socket, "the CURVE server role")
      try setOption(ZMQ_CURVE_SECRETKEY, secretKey.bytes, of: socket, "set the secret key")
      try enforce(domain, on: socket)
    case .curveClient(let serverKey, let pair):
      try setOption(ZMQ_CURVE_SERVERKEY, serverKey.bytes, of: socket, "set the server's key")
      try setOption(ZMQ_CURVE_PUBLICKEY, pair.publicKey.bytes, of: socket, "set the public key")
      try setOption(ZMQ_CURVE_SECRETKEY, pair.secretKey.bytes, of: socket, "set the secret key")
    }
  }

  /// Asks the ZAP handler about each connection, and refuses all where there is no handler.
  private func enforce(_ domain: String, on socket: UnsafeMutableRawPointer) throws(ZMQError) {
    precondition(
      (1...255).contains(domain.utf8.count), "a ZAP domain of \(domain.utf8.count) bytes")
    try setOption(ZMQ_ZAP_DOMAIN, Array(domain.utf8), of: socket, "set the ZAP domain \(domain)")
    try setOption(ZMQ_ZAP_ENFORCE_DOMAIN, 1, of: socket, "the enforcement of the ZAP domain")
  }
}
