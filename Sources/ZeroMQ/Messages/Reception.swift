/// What came out of a socket.
package enum Reception: Sendable {
  /// A message within the limits.
  case message(Message)
  /// A message beyond the limits, thrown away.
  case excess(Excess)

  /// The message, if it was within the limits.
  package var message: Message? {
    switch self {
    case .message(let message): message
    case .excess: nil
    }
  }
}
