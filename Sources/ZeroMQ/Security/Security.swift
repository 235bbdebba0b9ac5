/// How connections of a socket are encrypted and who may make them.
///
/// Server sides with a domain fail closed: without a ``ZAPHandler`` in the same context, every
/// connection is refused.
package enum Security: Sendable {
  /// Neither encryption nor authentication; for loopback and tests.
  case none
  /// No encryption; the ZAP handler admits by domain and address.
  case addressChecked(domain: String)
  /// CURVE, this side holding the server's secret key; the ZAP handler admits by domain and public key.
  case curveServer(secretKey: CurveKey, domain: String)
  /// CURVE, this side knowing the server's public key.
  case curveClient(serverKey: CurveKey, pair: CurveKeyPair)

  /// Whether connections are encrypted.
  package var isEncrypted: Bool {
    switch self {
    case .none, .addressChecked: false
    case .curveServer, .curveClient: true
    }
  }
}
