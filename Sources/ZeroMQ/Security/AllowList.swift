/// The CURVE keys that may come in, and the name that each of them gets.
package struct AllowList: Sendable {
  /// The user id of each admitted public key.
  package var users: [CurveKey: String]
  /// The domain to which the list applies.
  package var domain: String

  /// Admits the keys of `users` to the sockets of `domain`.
  package init(_ users: [CurveKey: String], domain: String) {
    self.users = users
    self.domain = domain
  }

  /// Accepts known keys in the domain, refuses all else.
  package func decide(_ request: ZAPRequest) -> ZAPDecision {
    guard request.domain == domain else { return .refuse(reason: "Unknown domain") }
    guard let key = request.key else { return .refuse(reason: "CURVE is required") }
    guard let user = users[key] else { return .refuse(reason: "Unknown key") }
    return .accept(userID: user)
  }
}
