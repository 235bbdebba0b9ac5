/// A question of libzmq's: whether a peer may come in (RFC 27/ZAP).
package struct ZAPRequest: Hashable, Sendable {
  /// The domain of the socket that the peer knocks at.
  package var domain: String
  /// The peer's address, without port.
  package var address: String
  /// The routing id that the peer claims.
  package var routingID: [UInt8]
  /// "NULL", "PLAIN" or "CURVE".
  package var mechanism: String
  /// The public key that the peer has proved to own, with CURVE.
  package var key: CurveKey?

  /// A request as a handler's `decide` gets it.
  package init(
    domain: String, address: String, routingID: [UInt8] = [], mechanism: String,
    key: CurveKey? = nil
  ) {
    self.domain = domain
    self.address = address
    self.routingID = routingID
    self.mechanism = mechanism
    self.key = key
  }

  /// Reads frames 2 to 6 of a request; nil where they aren't what RFC 27 says.
  init?(_ message: Message) {
    guard message.frameCount >= 6, message.text(of: 0) == "1.0",
      let domain = message.text(of: 2), let address = message.text(of: 3),
      let mechanism = message.text(of: 5)
    else { return nil }
    self.init(
      domain: domain, address: address, routingID: message.bytes(of: 4), mechanism: mechanism)
    guard mechanism == "CURVE" else { return }
    guard message.frameCount == 7, let key = CurveKey(bytes: message.bytes(of: 6)) else {
      return nil
    }
    self.key = key
  }
}
