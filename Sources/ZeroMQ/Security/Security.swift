import CZeroMQ

/// The encryption of a socket's connections and the check of those who make them.
///
/// Server sides with a domain fail closed: without a ``ZAPHandler`` in the same context, every
/// connection is refused.
package enum Security: Sendable {
  /// Neither encryption nor authentication; for loopback and tests.
  case none
  /// No encryption; the ZAP handler admits by domain and address.
  case addressChecked(domain: String)
  /// CURVE, this side holding the server's secret key; the ZAP handler admits by domain and public
  /// key.
  case curveServer(secretKey: CurveKey, domain: String)
  /// CURVE, this side knowing the server's public key.
  case curveClient(serverKey: CurveKey, pair: CurveKeyPair)

  /// True if connections are encrypted.
  package var isEncrypted: Bool {
    switch self {
    case .none, .addressChecked: false
    case .curveServer, .curveClient: true
    }
  }
}

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

/// A public or secret key of CurveZMQ (RFC 26): 32 bytes, written as 40 letters of Z85 (RFC 32).
package struct CurveKey: Hashable, Sendable {
  /// The 32 bytes.
  package let bytes: [UInt8]

  /// The key of 32 bytes; nil for any other number of them.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Reads the 40 letters; nil where they aren't Z85 of 32 bytes.
  package init?(z85 text: String) {
    let letters = Array(text.utf8)
    guard letters.count == 40, letters.allSatisfy(Self.alphabet.contains) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 32)
    guard zmq_z85_decode(&bytes, text) != nil else { return nil }
    self.bytes = bytes
    guard z85 == text else { return nil }  // five letters can stand for more than 32 bits
  }

  /// The 40 letters.
  package var z85: String {
    var letters = [CChar](repeating: 0, count: 41)
    guard zmq_z85_encode(&letters, bytes, bytes.count) != nil else {
      preconditionFailure("\(bytes.count) bytes don't fill Z85 letters")
    }
    return String(decoding: letters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static let alphabet = Set(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)
}

extension CurveKey: CustomStringConvertible, CustomReflectable {
  /// The first letters, since a key of which one doesn't know better may be secret.
  package var description: String { "\(z85.prefix(5))…" }

  /// Nothing: dumps and test failures don't show keys.
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A key pair of CurveZMQ (RFC 26).
package struct CurveKeyPair: Hashable, Sendable {
  /// The key that peers know.
  package let publicKey: CurveKey
  /// The key that proves ownership of the public one.
  package let secretKey: CurveKey

  /// The pair of a secret key, its public half computed.
  package init(secretKey: CurveKey) throws(ZMQError) {
    var letters = [CChar](repeating: 0, count: 41)
    let secret = secretKey.z85
    try check("compute a public key") { zmq_curve_public(&letters, secret) }
    self.secretKey = secretKey
    publicKey = try Self.key(letters)
  }

  private init(publicKey: CurveKey, secretKey: CurveKey) {
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// A new pair from the system's random numbers; made before sockets, in one thread.
  package static func generate() throws(ZMQError) -> CurveKeyPair {
    var publicLetters = [CChar](repeating: 0, count: 41)
    var secretLetters = publicLetters
    try check("generate a key pair") { zmq_curve_keypair(&publicLetters, &secretLetters) }
    return CurveKeyPair(publicKey: try key(publicLetters), secretKey: try key(secretLetters))
  }

  private static func key(_ letters: [CChar]) throws(ZMQError) -> CurveKey {
    let text = String(decoding: letters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let key = CurveKey(z85: text) else {
      throw ZMQError(.invalidArgument, attempt: "read a key from libzmq")
    }
    return key
  }
}

extension CurveKeyPair: CustomStringConvertible {
  /// The public key alone.
  package var description: String { publicKey.z85 }
}
