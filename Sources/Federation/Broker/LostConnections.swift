import Measures
import Wire

/// The clients whose connections were lost: those that are to be asked whether they are there,
/// those that were, and those that didn't answer.
///
/// Who listens to a client's mailbox says nothing of the client: any worker may. So it is asked
/// when the connection over which it last spoke is gone.
struct LostConnections: Hashable, Sendable {
  private enum Standing: Hashable {
    case lost
    case asked(Duration)
    case away
  }

  private var standings: [Int: Standing] = [:]

  /// True if no connection is lost.
  var isEmpty: Bool { standings.isEmpty }

  /// Notes that the connection over which a client spoke is gone.
  mutating func lose(_ client: Int) {
    if standings[client] == nil { standings[client] = .lost }
  }

  /// Forgets a client, as it was heard; true if it had been away.
  @discardableResult
  mutating func forget(_ client: Int) -> Bool {
    standings.isEmpty ? false : standings.removeValue(forKey: client) == .away
  }

  /// True if a client was lost, was asked, and didn't answer.
  func isAway(_ client: Int) -> Bool { standings[client] == .away }

  /// Says which clients are to be asked at `now`, and which have become away as they didn't
  /// answer within `patience`, both in rising order.
  ///
  /// Questions may get lost: a client is asked at each call until it is away. Who isn't listening
  /// isn't asked before somebody listens to its mailbox again.
  mutating func followUp(
    patience: Duration, at now: Duration, isListening: (Int) -> Bool
  ) -> (asked: [Int], away: [Int]) {
    var (asked, away): ([Int], [Int]) = ([], [])
    for (client, standing) in standings.sorted(by: { $0.key < $1.key }) {
      switch standing {
      case .away: break
      case .lost where isListening(client):
        standings[client] = .asked(now)
        asked.append(client)
      case .asked where !isListening(client): standings[client] = .lost
      case .asked(let time) where now - time >= patience:
        standings[client] = .away
        away.append(client)
      case .asked: asked.append(client)
      case .lost: break
      }
    }
    return (asked, away)
  }
}

/// The clients whose mailboxes somebody listens to without asking to join.
///
/// Such a worker takes itself for a member, as after the loss of a connection to a broker of the
/// same epoch, and has nothing to say: it is asked.
struct Strangers: Hashable, Sendable {
  private var since: [Int: Duration] = [:]

  /// Notes that somebody listens to the mailbox of a client that is no member.
  mutating func note(_ client: Int, at now: Duration) { since[client] = now }

  /// Forgets a client that joins, or leaves: who said that it goes isn't asked to stay.
  mutating func forget(_ client: Int) {
    if !since.isEmpty { since[client] = nil }
  }

  /// The clients to ask at `now`, in rising order: those that have been strangers for `patience`.
  mutating func followUp(
    patience: Duration, at now: Duration, isStranger: (Int) -> Bool
  ) -> [Int] {
    guard !since.isEmpty else { return [] }
    since = since.filter { isStranger($0.key) }
    let asked = since.filter { now - $0.value >= patience }.keys.sorted()
    for client in asked { since[client] = now }
    return asked
  }
}

extension Members {
  /// Notes that the connection over which a client last spoke is gone.
  ///
  /// A request to join that waits for a listener goes with it: whoever listens later asks anew.
  package mutating func lose(_ client: Int) {
    forgetKnock(of: client)
    if self[client] != nil { lost.lose(client) }
  }

  /// Asks the members whose connections were lost whether they are there, and takes those for gone
  /// that don't answer in time; asks those who listen and don't join, and now and then those that
  /// are gone, but for excluded ones.
  ///
  /// - Returns: The questions, and in rising order the clients that are gone though somebody
  ///   listens to their mailboxes.
  package mutating func followUp(
    _ plan: BrokerPlan, without excluded: Set<Int>, at now: Duration
  ) -> (questions: [BrokerAction], gone: [Int]) {
    let members = self
    let patience = plan.limits.offerTimeout * 2
    let (asked, away) = lost.followUp(patience: patience, at: now) { members.isListening($0) }
    for client in away {
      notePresence(of: client)
      strangers.note(client, at: now)
    }
    let lost = lost
    let strangers = strangers.followUp(patience: plan.limits.heartbeatInterval, at: now) { client in
      (members[client] == nil || lost.isAway(client)) && members.isListening(client)
        && !excluded.contains(client)
    }
    let questions = asked.map { plan.askToJoin($0, worker: members[$0]?.worker) }
    return (
      questions + strangers.map { plan.askToJoin($0, worker: members[$0]?.worker) }, away
    )
  }

  /// The broker's words to a listener at a client's mailbox that isn't let in.
  ///
  /// One of several is told who plays the client by now, or that nobody does. A client that was
  /// taken for gone is asked: perhaps it is back over other connections, with nothing to say.
  func greeting(
    to client: Int, _ arrival: Arrival, _ plan: BrokerPlan,
    by normalization: FederatedNormalization?
  ) -> [BrokerAction] {
    let worker = self[client]?.worker
    switch arrival {
    case .isContested:
      return [
        worker.map { plan.welcome(client, worker: $0, by: normalization) } ?? plan.askToJoin(client)
      ]
    case .isNoted where worker != nil && lost.isAway(client):
      return [plan.askToJoin(client, worker: worker)]
    case .isNoted, .admits: return []
    }
  }
}
