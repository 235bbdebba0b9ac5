import CZeroMQ

/// A key pair of CurveZMQ (RFC 26).
package struct CurveKeyPair: Hashable, Sendable {
  /// What peers know one by.
  package let publicKey: CurveKey
  /// What proves it.
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
