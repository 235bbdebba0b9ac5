import Measures
package import Progressive
import Wire

/// The broker's state: each case carries the data that there is in it, and no other.
///
/// A payload is changed in place, not in a copy: it is taken out, changed and put back.
package enum BrokerState: Hashable, Sendable {
  /// The broker waits for clients, before its first round.
  case gathering(Gathering)
  /// The broker waits for the model of the next round.
  case preparing(Backlog)
  /// The model is there, but too few clients are.
  case waiting(PendingRound)
  /// A round is open.
  case open(OpenRound)
  /// The run is over, and clients are told so.
  case farewell(Farewell)
  /// Nothing more will happen.
  case ended

  /// The time before a broker's first round.
  package struct Gathering: Hashable, Sendable {
    /// The time at which this broker began to wait for all of the fleet.
    package let began: Duration
    /// The time since which it waits for clients, counted from an incarnation before it if that
    /// did.
    package let since: Duration
    /// The updates that were stored durably for the next round before a restart, by client.
    package let restored: [Int: Submission]
    /// True if all rounds were run before the restart: clients that come in time are told so.
    package let isThrough: Bool
    /// The end that whoever runs the broker set to the wait for all of the fleet; nil for that of
    /// the plan.
    package var ordered: Duration?

    /// The same, as if clients were waited for only since now.
    package func waiting(since now: Duration) -> Gathering {
      Gathering(
        began: began, since: now, restored: restored, isThrough: isThrough, ordered: ordered)
    }

    /// The time until which all of the fleet is waited for.
    package func end(_ plan: BrokerPlan) -> Duration { ordered ?? began + plan.rules.joinTimeout }

    /// True if enough clients are here, or if they have been waited for long enough.
    package func isOver(_ plan: BrokerPlan, present: Int, at now: Duration) -> Bool {
      if present == plan.clients { return true }
      return end(plan) <= now
        && (isThrough || present >= plan.rules.minimumClients)
    }
  }

  /// The end of a run, as long as clients are told of it.
  package struct Farewell: Hashable, Sendable {
    /// The time until which they are told.
    package let until: Duration
    /// True if all rounds were run.
    package let isComplete: Bool
    /// The updates that were stored before a restart, where no round was opened since.
    package let restored: [Int: Submission]
  }

  /// The state without its data, which is read without copying that.
  package enum Kind: Hashable, Sendable {
    case gathering, preparing, waiting, open, farewell, ended
  }

  /// The state without its data.
  package var kind: Kind {
    switch self {
    case .gathering: .gathering
    case .preparing: .preparing
    case .waiting: .waiting
    case .open: .open
    case .farewell: .farewell
    case .ended: .ended
    }
  }

  /// The phase of the round that is open; nil between rounds.
  package var phase: Phase? {
    guard case .open(let round) = self else { return nil }
    return round.phase
  }

  /// The updates that were stored durably before a restart and count in the next round.
  package var restored: [Int: Submission] {
    switch self {
    case .gathering(let gathering): gathering.restored
    case .preparing(let backlog): backlog.restored
    case .waiting(let pending): pending.backlog.restored
    case .farewell(let farewell): farewell.restored
    case .open, .ended: [:]
    }
  }

  /// The clients at work on updates; nil where none are taken in.
  package var work: ClientsAtWork? {
    switch self {
    case .open(let round): round.work
    case .preparing(let backlog): backlog.carried
    case .waiting(let pending): pending.backlog.carried
    case .gathering, .farewell, .ended: nil
    }
  }

  /// Takes the clients at work out, to be changed and put back; nil where no updates are taken in.
  package mutating func takeWork() -> ClientsAtWork? {
    switch self {
    case .open(var round):
      self = .ended
      var work = ClientsAtWork(round: round.work.round)
      swap(&work, &round.work)
      self = .open(round)
      return work
    case .preparing(.carried(let work)):
      self = .preparing(.carried(ClientsAtWork(round: work.round)))
      return work
    case .waiting(var pending):
      guard case .carried(let work) = pending.backlog else { return nil }
      self = .ended
      pending.backlog = .carried(ClientsAtWork(round: work.round))
      self = .waiting(pending)
      return work
    case .preparing, .gathering, .farewell, .ended: return nil
    }
  }

  /// Puts the clients at work back.
  package mutating func put(_ work: consuming ClientsAtWork) {
    switch self {
    case .open(var round):
      self = .ended
      round.work = work
      self = .open(round)
    case .preparing: self = .preparing(.carried(work))
    case .waiting(var pending):
      self = .ended
      pending.backlog = .carried(work)
      self = .waiting(pending)
    case .gathering, .farewell, .ended: preconditionFailure("no clients are at work")
    }
  }

  /// Ends the broker once its clients are gone, or were told for long enough; nil before.
  mutating func endFarewell(of members: Members, at now: Duration) -> BrokerAction? {
    guard case .farewell(let farewell) = self, farewell.until <= now || members.isDeserted else {
      return nil
    }
    self = .ended
    return .finished(complete: farewell.isComplete)
  }

  /// Changes the open round in place; nil if none is open.
  @discardableResult
  package mutating func changeRound<Answer>(_ change: (inout OpenRound) -> Answer) -> Answer? {
    guard case .open(var round) = self else { return nil }
    self = .ended
    defer { self = .open(round) }
    return change(&round)
  }
}
