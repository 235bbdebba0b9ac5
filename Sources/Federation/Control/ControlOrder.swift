/// An order of whoever runs the broker.
package enum ControlOrder: Hashable, Sendable {
  /// Open no round until told to; the open one ends as it would.
  case pause
  /// Open rounds again.
  case resume
  /// End the open round as it would end, then stop, to go on another time.
  case drain
  /// Exclude a client until it is admitted again.
  case evict(client: Int)
  /// Let clients in again that were excluded.
  case readmit(clients: [Int])
  /// End the open round in so much time at the latest, or what else is waited for: the open
  /// evaluation, or the coming of all clients.
  case deadline(Duration)

  /// Its word on the command line, in the log and in the ledger.
  package var word: String {
    switch self {
    case .pause: "pause"
    case .resume: "resume"
    case .drain: "drain"
    case .evict: "evict"
    case .readmit: "admit"
    case .deadline: "deadline"
    }
  }
}

/// The answer to an order or a request: what was done, or why not.
package struct ControlAnswer: Hashable, Sendable, Codable {
  /// True if it was done.
  package var ok: Bool
  /// The answer, for people.
  package var text: String
  /// The state of the run, where that was asked for.
  package var status: Presence?

  /// It was done.
  package static func done(_ text: String) -> ControlAnswer { ControlAnswer(ok: true, text: text) }

  /// It wasn't done.
  package static func refused(_ text: String) -> ControlAnswer {
    ControlAnswer(ok: false, text: text)
  }

  /// An answer of the given parts.
  package init(ok: Bool, text: String, status: Presence? = nil) {
    self.ok = ok
    self.text = text
    self.status = status
  }
}
