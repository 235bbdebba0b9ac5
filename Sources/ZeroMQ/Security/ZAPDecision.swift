/// The answer to a peer that knocks (RFC 27/ZAP, "Replies").
package enum ZAPDecision: Hashable, Sendable {
  /// Come in; each message of the peer carries `userID` (at most 255 bytes).
  case accept(userID: String)
  /// Stay out, for good: a libzmq peer doesn't try again (400).
  case refuse(reason: String)
  /// Come back later: the peer is left without an answer and tries again after its own time-out (300).
  case retryLater(reason: String)
  /// The question could not be answered (500).
  case fail(reason: String)

  /// The status code, text and user id of the reply.
  var reply: (status: String, text: String, userID: String) {
    switch self {
    case .accept(let userID): ("200", "OK", userID)
    case .retryLater(let reason): ("300", reason, "")
    case .refuse(let reason): ("400", reason, "")
    case .fail(let reason): ("500", reason, "")
    }
  }
}
