import Wire

/// The clients that work on updates for a round, and the progress of each.
///
/// While a round is open these are the clients that were asked and those that still work on an
/// update of an earlier round, which counts in this one. Between rounds they are the latter alone.
package struct ClientsAtWork: Hashable, Sendable {
  /// The round in which an update counts that is accepted now, from 1.
  package let round: Int
  /// The progress of each client.
  package private(set) var progress: [Int: ClientProgress] = [:]
  /// The rounds of clients that still work on an update of an earlier round.
  package private(set) var origins: [Int: Int] = [:]
  /// The room for their updates.
  package var room = UploadRoom()
  /// The number of clients that were asked and weren't heard yet.
  package private(set) var invited = 0
  /// The number of clients that were asked and are not settled.
  package private(set) var unsettled = 0
  /// The number of accepted updates of this round.
  package private(set) var accepted = 0
  /// The number of clients that work on updates of earlier rounds.
  package private(set) var unsettledLate = 0
  /// The number of accepted updates of earlier rounds.
  package private(set) var acceptedLate = 0
  /// The number of updates that came again after they had been counted.
  package var duplicates = 0
  /// The clients of earlier rounds that aren't waited for any more.
  package private(set) var givenUp: Set<Int> = []
  /// Somebody may have to be asked in place of a client that is done.
  package private(set) var lacksClients = true

  /// No client at work yet, for `round`.
  package init(round: Int) { self.round = round }

  /// The round on whose update a client works; nil if it takes no part.
  package func origin(of client: Int) -> Int? {
    progress[client] == nil ? nil : origins[client] ?? round
  }

  /// True if there are as many updates as the round is to have.
  package func isEnough(_ rules: RoundRules) -> Bool {
    if let size = rules.stragglers.bufferSize { return accepted + acceptedLate >= size }
    return rules.target.map { accepted >= $0 } ?? false
  }

  /// Asks another client.
  package mutating func invite(_ client: Int) {
    precondition(progress[client] == nil, "client \(client) already takes part")
    progress[client] = .invited
    invited += 1
    unsettled += 1
  }

  /// Goes on with all of `earlier`, which work on updates of earlier rounds, in the order of their
  /// numbers.
  package mutating func carry(from earlier: ClientsAtWork) {
    for (client, origin) in earlier.origins.sorted(by: { $0.key < $1.key }) {
      guard let progress = earlier.progress[client] else { continue }
      carry(client, of: origin, at: progress, lease: earlier.room.leases[client])
    }
    duplicates = earlier.duplicates
    givenUp = earlier.givenUp
  }

  /// Goes on with a client that works on an update of an earlier round, under the leave to send
  /// that it has.
  package mutating func carry(
    _ client: Int, of origin: Int, at progress: ClientProgress, lease: Lease? = nil
  ) {
    precondition(self.progress[client] == nil, "client \(client) already takes part")
    origins[client] = origin
    self.progress[client] = progress
    room.note(
      client, bytes: progress.bytesInFlight, wasReceiving: false,
      isReceiving: progress.isReceiving, lease: lease ?? Lease())
    if !progress.isSettled { unsettledLate += 1 }
    switch progress {
    case .accepted: acceptedLate += 1
    case .offered(let submission, let attempt, _): enqueue(client, submission, attempt: attempt)
    case .invited, .working, .receiving, .storing, .refused, .declined, .left: break
    }
  }

  /// Notes the progress of a client.
  package mutating func advance(_ client: Int, to new: ClientProgress) {
    guard let old = progress.updateValue(new, forKey: client) else {
      preconditionFailure("client \(client) takes no part in round \(round)")
    }
    room.note(
      client, bytes: new.bytesInFlight - old.bytesInFlight, wasReceiving: old.isReceiving,
      isReceiving: new.isReceiving)
    if new.isSettled { lacksClients = true }
    guard origins[client] == nil else {
      if !old.isSettled { unsettledLate -= 1 }
      if !new.isSettled { unsettledLate += 1 }
      return
    }
    if case .invited = old { invited -= 1 }
    if case .invited = new { invited += 1 }
    if !old.isSettled { unsettled -= 1 }
    if !new.isSettled { unsettled += 1 }
  }

  /// Has a client wait for leave to send, behind all others.
  package mutating func enqueue(_ client: Int, _ submission: Submission, attempt: Int) {
    advance(client, to: .offered(submission, attempt: attempt, place: room.enqueue(client)))
  }

  /// Counts a client's update, which is stored durably.
  package mutating func accept(_ submission: Submission, of client: Int) {
    advance(client, to: .accepted(submission))
    if origins[client] == nil { accepted += 1 } else { acceptedLate += 1 }
  }

  /// Notes that as many clients were asked as are lacking.
  package mutating func fill() { lacksClients = false }

  /// Forgets a client that worked on an update of an earlier round and isn't waited for any more.
  package mutating func forget(_ client: Int, at old: ClientProgress) {
    origins[client] = nil
    progress[client] = nil
    room.note(
      client, bytes: -old.bytesInFlight, wasReceiving: old.isReceiving, isReceiving: false)
    if !old.isSettled { unsettledLate -= 1 }
    lacksClients = true
    givenUp.insert(client)
  }
}
