import Measures
import Progressive
import Wire

/// The broker's side of the protocol: event in, actions out; no sockets, clock or threads.
///
/// Times are durations since the run began; `wakeTime` says when the next `tick` is due. A round ends
/// when all selected clients are settled, when a quorum is and the grace is over, or at its deadline:
/// always by the machine's own time, never only by an arriving message.
package struct BrokerMachine: Hashable, Sendable {
  /// What is run.
  package let plan: BrokerPlan

  /// The clients that joined, by number.
  var members: [Int: Member] = [:]
  /// How many sockets listen to each client's mailbox: the present clients, as far as they know.
  var mailboxes: [Int: Int] = [:]
  /// How many sockets listen to each step's topic.
  var listeners: [Topic: Int] = [:]
  /// The join requests of clients whose mailbox nobody listens to yet.
  var knocking: [Int: Knock] = [:]
  /// The clients that more than one worker asked for.
  var contested: Set<Int> = []
  /// The clients that joined and whose mailbox somebody listens to.
  var presence: PresentClients
  /// How many members have each limit of memory, for those that have one.
  var limitedMembers: [Int: Int] = [:]
  /// What the broker is doing.
  var state: State = .gathering(since: .zero)
  /// The open round, beside the state so that it changes in place; between rounds the last one, as far as
  /// updates of it may count later.
  var round: OpenRound?
  /// The next round, from 1.
  var nextRound: Int
  /// The updates for the next round that were stored durably before a restart.
  var stored: [Int: Submission] = [:]
  /// The same for as long as this broker lives, where clients are told of them.
  let confirmed: [Int: Submission]
  /// The models of the rounds whose updates may count, by round.
  var models: [Int: RoundModel] = [:]
  /// How each client took part so far.
  package internal(set) var history: ParticipationHistory
  /// What clients said that they can't train.
  var restrictions: [Int: Restriction]
  /// Since when it has waited for clients, where it does.
  package internal(set) var waitingSince: Duration
  /// The announcements so far.
  var sequence: UInt64 = 0
  /// When the next announcement is due.
  var nextAnnouncement: Duration = .zero

  /// What the broker may be doing.
  enum State: Hashable, Sendable {
    /// Waiting for clients, since this moment.
    case gathering(since: Duration)
    /// Waiting for the model of the next round.
    case preparing
    /// Having a model, but too few clients for a round.
    case waiting(PreparedModel)
    /// A round is open.
    case open(Phase)
    /// The run is over; clients are told until this moment.
    case farewell(until: Duration, complete: Bool)
    /// Nothing more will happen.
    case ended
  }

  /// A broker at `now`, before `round`, with nobody there yet.
  ///
  /// After a restart `round` is the one that was open, and `stored` the updates that had been stored
  /// durably for it, by client: they count, and aren't asked for again. `history` is that after the
  /// round before. `waitingSince` is when an incarnation before it began to wait for clients, if it did.
  package init(
    plan: BrokerPlan, round: Int = 1, at now: Duration = .zero, stored: [Int: Submission] = [:],
    history: ParticipationHistory = ParticipationHistory(), waitingSince: Duration? = nil
  ) {
    self.plan = plan
    presence = PresentClients(clients: plan.clients, stages: plan.schedule.stages)
    nextRound = round
    self.stored = stored
    confirmed = plan.confirmsUpdates ? stored : [:]
    self.history = history
    restrictions = history.restrictions
    self.waitingSince = waitingSince ?? now
    state = .gathering(since: now)
    nextAnnouncement = now
  }

  /// Takes in what happened at `now` and says what is to be done.
  package mutating func handle(_ event: BrokerEvent, at now: Duration) -> [BrokerAction] {
    var actions: [BrokerAction] = []
    guard state != .ended else { return actions }
    switch event {
    case .tick: break
    case .message(let message, let place): receive(message, from: place, now, &actions)
    case .faulty(let fault): receive(fault, now, &actions)
    case .forbidden(let client, let worker, let detail):
      forbid(client, worker, detail, &actions)
    case .subscribed(let topic): subscribed(topic, now, &actions)
    case .unsubscribed(let topic): unsubscribed(topic, now, &actions)
    case .prepared(let model): prepared(model, now, &actions)
    case .stored(let round, let client, let result):
      stored(round, client, result, now, &actions)
    case .limited(let able):
      if let awaited, able < awaited { giveUp(able: able, now, &actions) }
    case .stop: bid(farewell: false, now, &actions)
    }
    proceed(now, &actions)
    return actions
  }

  /// When the next tick is due, if nothing else happens.
  package var wakeTime: Duration? {
    switch state {
    case .ended: nil
    case .farewell(let until, _): min(until, nextAnnouncement)
    // The join timeout is looked at with each announcement.
    case .gathering, .preparing: nextAnnouncement
    case .waiting: min(nextAnnouncement, waitingSince + plan.rules.patience)
    case .open: min(nextAnnouncement, round.map(wakeTime(of:)) ?? nextAnnouncement)
    }
  }

  /// The clients that joined and are there, in rising order.
  package var present: [Int] { Array(presence.all) }

  /// How many clients joined and are there.
  package var presentCount: Int { presence.count }

  /// How many clients work on updates of earlier rounds, or have one that counts in the next.
  package var carriedCount: Int { round?.origins.count ?? 0 }

  /// The round that is open, from 1; nil between rounds.
  package var openRound: Int? {
    guard case .open(let phase) = state else { return nil }
    return phase.round
  }

  /// The stage of a round whose updates may still count, from 1; nil for others.
  package func stage(of round: Int) -> Int? { models[round]?.stage }

  /// Does what is due at `now`.
  private mutating func proceed(_ now: Duration, _ actions: inout [BrokerAction]) {
    switch state {
    case .gathering(let since): gather(since, now, &actions)
    case .waiting(let model):
      open(model, now, &actions)
      proceedInRound(now, &actions)
    case .open: proceedInRound(now, &actions)
    case .farewell(let until, let complete):
      if until <= now || mailboxes.isEmpty {
        state = .ended
        actions.append(.finished(complete: complete))
        return
      }
    case .preparing, .ended: break
    }
    if isHopeless(now) { giveUp(now, &actions) }
    if nextAnnouncement <= now {
      withdrawFromSilent(now, &actions)
      announce(now, &actions)
    }
  }

  private mutating func gather(
    _ since: Duration, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let present = presence.count
    let isOver = since + plan.rules.joinTimeout <= now
    if nextRound > plan.schedule.totalRounds {
      // Restarted with nothing left to do: who comes in time is told so.
      if isOver || present == plan.clients { bid(farewell: true, now, &actions) }
    } else if present == plan.clients || (isOver && present >= plan.rules.minimumClients) {
      state = .preparing
      actions.append(.prepare(round: nextRound))
    }
  }

  private mutating func prepared(
    _ model: PreparedModel, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard state == .preparing, model.round == nextRound else { return }
    if nextRound > plan.schedule.totalRounds {
      bid(farewell: true, now, &actions)
    } else {
      waitingSince = now
      state = .waiting(model)
    }
  }

  /// Begins the run's end: clients are told until they are gone, or for a while.
  mutating func bid(farewell complete: Bool, _ now: Duration, _ actions: inout [BrokerAction]) {
    if case .farewell = state { return }
    state = .farewell(until: now + plan.limits.farewell, complete: complete)
    round = nil
    nextAnnouncement = now
  }

  /// Publishes what the broker is doing, and says when to do so again.
  mutating func announce(_ now: Duration, _ actions: inout [BrokerAction]) {
    nextAnnouncement = now + plan.limits.announceInterval
    if case .farewell(_, let complete) = state {
      actions.append(.send(.all, Message(header(), .finished(complete: complete))))
      return
    }
    actions.append(.send(.all, announcement(now)))
    if let shortage = shortage(now) { actions.append(.notice(.waiting(shortage))) }
  }

  /// The announcement of what the broker is doing, with all steps to the model if there is a choice.
  mutating func announcement(_ now: Duration, listing: Bool = false) -> Message<Downlink> {
    sequence += 1
    var announce = Announce(
      sequence: sequence, state: .waiting, warmUp: false, remaining: 0, learningRate: 0,
      selected: [], segments: [], updateCodec: plan.updateCodec)
    switch state {
    case .gathering, .waiting, .farewell, .ended: break
    case .preparing: announce.state = .closing
    case .open:
      guard let round else { break }
      announce.state = .open
      announce.warmUp = round.phase.warmUp
      announce.remaining = max(0, Int((round.deadline - now).seconds * 1000))
      announce.learningRate = round.learningRate
      announce.newBlockRate = Float(round.phase.newBlockRate)
      announce.updateCodec = plan.updateCodec(in: round.phase)
      // Those that are settled have nothing left to do, whatever they remember of it.
      announce.selected = round.selected.filter { round.progress[$0]?.isSettled == false }
      announce.base = round.model.base
      if listing || round.model.isListed {
        announce.segments = round.model.segments
        announce.shallowHeads = round.model.shallowHeads
      }
    }
    return Message(header(), .announce(announce))
  }

  /// The header of the broker's messages to all.
  func header() -> Header {
    var header = Header(run: plan.run, epoch: plan.epoch)
    if case .open(let phase) = state {
      header.round = phase.round
      header.stage = phase.stage
    }
    return header
  }
}
