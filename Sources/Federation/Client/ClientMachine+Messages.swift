import Bytes
import Measures
import Wire

extension ClientMachine {
  /// Takes in a message of the broker.
  mutating func receive(
    _ message: Message<Downlink>, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    let header = message.header
    if let client = header.client, client != identity.client { return }
    // Another worker that listens to this mailbox is meant.
    if let worker = header.worker, worker != identity.worker {
      if case .welcome = message.body { welcomedElsewhere(header, now, &actions) }
      return
    }
    switch message.body {
    case .welcome(let welcome): welcomed(header, welcome, now, &actions)
    case .refuse(let reason, let retry, let detail):
      refused(header, reason, retry, detail, now, &actions)
    default:
      guard let membership else {
        // Nobody is taken in any more; of a broker that was restarted, only the new one knows.
        if case .finished(let complete) = message.body,
          header.run != broker.run || header.epoch >= broker.epoch
        {
          end(complete ? .complete : .interrupted, &actions)
        }
        return
      }
      guard header.run == membership.run else {
        // In the old broker's place is one of another run: ask to be taken in there.
        switch message.body {
        case .announce, .finished: rejoin(now)
        default: break
        }
        return
      }
      guard header.epoch == membership.epoch else {
        // The broker was restarted: join again, at some random moment, and keep what there is.
        if header.epoch > membership.epoch {
          follow(header.epoch, &actions)
          rejoin(now)
        } else if case .announce = message.body {
          rejoin(now)  // it may have lost count of its incarnations: a JOIN tells it this one
        }
        return
      }
      receiveAsMember(message, now, &actions)
    }
  }

  private mutating func receiveAsMember(
    _ message: Message<Downlink>, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    let header = message.header
    switch message.body {
    case .announce(let announce): announced(header, announce, now, &actions)
    case .modelChunk(let step, let offset, let length):
      received(step, offset..<offset + length, now, &actions)
    case .grant(let range):
      guard case .offering(let task, let offer, _) = state, header.round == task.round,
        range.upperBound <= offer.length
      else { return }
      wake(at: now + limits.offerTimeout)
      actions.append(.sendUpdate(self.header, ranges: [range]))
    case .acknowledge(let acknowledgement):
      acknowledged(header, acknowledgement, now, &actions)
    case .closed: closed(header.round, &actions)
    case .finished(let complete): end(complete ? .complete : .interrupted, &actions)
    case .noted(let report): noted(header, report, &actions)
    case .welcome, .refuse, .planChunk: return  // taken care of before, or not asked for
    }
  }

  private mutating func welcomed(
    _ header: Header, _ welcome: Welcome, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard header.client == identity.client, header.epoch > 0 else { return }
    if let membership {
      // The normalization was made since then, or the first word of it got lost.
      let isNews = header.run == membership.run && header.epoch == membership.epoch
      return actions += isNews ? measuring.take(welcome.normalization) : []
    }
    // A welcome of before the restart came late.
    guard broker.run != header.run || broker.epoch <= header.epoch else { return }
    if header.epoch > broker.epoch || broker.run != header.run { follow(header.epoch, &actions) }
    if broker.run != header.run {
      // Another run than before: nothing of the old one counts.
      abandon(&actions)
      measuring.forget()
      actions.append(.welcomed(welcome))
    }
    actions += measuring.take(welcome.normalization)
    limits.chunkBytes = welcome.chunkBytes
    staleRounds = welcome.staleRounds
    broker = Membership(run: header.run, epoch: header.epoch, welcomed: header.epoch)
    standing = .member
    // Whatever was waited for is asked for again.
    wake(at: now)
    if hasNews {
      hasNews = false
      joinAgain(at: now)
    }
  }

  /// Goes on with a later incarnation of the broker, which may go back to an earlier round.
  private mutating func follow(_ epoch: Int, _ actions: inout [ClientAction]) {
    if task?.purpose == .evaluation { abandon(&actions) }
    (broker.epoch, lastRound, lastEvaluation) = (epoch, .takenUp(0), .done(0))
  }

  /// The broker took another worker for this client: the one before it asks for it again.
  private mutating func welcomedElsewhere(
    _ header: Header, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard header.client == identity.client, header.run == membership?.run,
      header.epoch == membership?.epoch
    else { return }
    abandon(&actions)
    joinAgain(at: now + limits.joinInterval * (1 + jitter.uniform()))
  }

  private mutating func announced(
    _ header: Header, _ announce: Announce, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    switch announce.state {
    case .open: measuring.end()
    case .evaluating: return announcedEvaluation(header, announce, now, &actions)
    case .measuring:
      let isAsked = announce.selected.contains(identity.client)
      return actions += measuring.announced(isAsked, holding, self.header, limits, at: now)
    case .waiting, .closing, .paused: return
    }
    // An announcement from before this round came late.
    guard header.round >= lastRound.number else { return }
    endEvaluation(before: header.round, &actions)
    // One from before the evaluation came late as well.
    guard task?.purpose != .evaluation else { return }
    let isSelected = announce.selected.contains(identity.client)
    if let task, header.round == task.round, task.model == announce.base {
      lastRound = .takenUp(header.round)
    } else if let task, !isSelected, mayCount(task, in: header.round) {
      lastRound = .takenUp(task.round)
    } else {
      // The round is over, or a restarted broker went back to before it.
      abandonLate(header.round, &actions)
    }
    actions += held.keep(for: announce)
    guard isSelected else { return }
    if header.round == lastRound.number, task == nil, case .declined(var declined) = lastRound {
      // Still expected: the broker doesn't know.
      declined.header.epoch = header.epoch
      return actions.append(.send(declined))
    }
    guard header.round > lastRound.number else { return }
    if let (reason, detail) = holding?.lack {
      return refrain(header, announce, reason, detail, now, &actions)
    }
    if let lack = measuring.lack(header, join) { return actions += lack }
    let offered = ClientTask(of: header, announce, for: identity, after: lastCounted)
    if !announce.segments.isEmpty, offered == nil {
      let words = "its memory allows stage \(identity.maximalStage ?? 0)"
      return refrain(header, announce, .tooDeep, words, now, &actions)
    }
    if var task = offered, identity.isTold(announce, in: header),
      let steps = held.steps(to: task.segments)
    {
      lastRound = .takenUp(header.round)
      task.steps = steps
      begin(task, now, &actions)
    } else if header.client == nil {
      // Its invitation got lost, leads on from a state that it doesn't hold, or tells too little.
      actions.append(.send(join))
    }
  }

  /// The round is over; an update of it may still count where late ones do.
  private mutating func closed(_ round: Int, _ actions: inout [ClientAction]) {
    guard let task, task.purpose == .training, task.round <= round,
      !mayCount(task, in: round + 1)
    else { return }
    abandonLate(round + 1, &actions)
  }

  /// True if the update of `task` is under way and may count in `round`.
  func mayCount(_ task: ClientTask, in round: Int) -> Bool {
    task.round < round && round - task.round <= staleRounds && state.hasUpdate
  }

  /// Drops the work for a round before `round`; where the broker may wait for it, says so.
  mutating func abandonLate(_ round: Int, _ actions: inout [ClientAction]) {
    if state.fetchesModel(before: round), staleRounds > 0 {
      // The model is no longer to be had.
      actions.append(
        .send(message(.decline(.failed, detail: "the round ended before the model was here"))))
    }
    abandon(&actions)
  }

  private mutating func acknowledged(
    _ header: Header, _ acknowledgement: Acknowledgement, _ now: Duration,
    _ actions: inout [ClientAction]
  ) {
    guard case .offering(let task, let offer, _) = state, header.round == task.round else {
      return
    }
    switch acknowledgement {
    case .accepted, .duplicate:
      lastCounted = CountedUpdate(offer, round: task.round)
      actions.append(.settled(round: task.round, accepted: true))
      rest(&actions)
    case .incomplete(let missing):
      guard let end = missing.last?.upperBound, end <= offer.length else { return }
      wake(at: now + limits.offerTimeout)
      actions.append(.sendUpdate(self.header, ranges: missing))
    }
  }

  private mutating func refused(
    _ header: Header, _ reason: RefusalReason, _ retry: Int?, _ detail: String, _ now: Duration,
    _ actions: inout [ClientAction]
  ) {
    guard header.client == identity.client else { return }
    if membership == nil, header.worker != nil, reason == .malformed {
      // Its JOIN can't be read, and won't be another time.
      return end(.refused(reason, detail: detail), &actions)
    }
    switch reason {
    case .evicted:
      guard membership == nil || header.round == 0 else { return }
      abandon(&actions)
      guard let retry else { return end(.refused(reason, detail: detail), &actions) }
      actions.append(.turnedDown(reason, detail: detail))
      joinAgain(at: now + .milliseconds(retry))
    case .wrongPlan, .wrongClient, .notAuthorized:
      guard membership == nil || header.round == 0 else { return }
      if let retry {
        // After a millisecond: the broker asks whether the member is still there, or lets a client
        // in again. It joins, and goes on with its work.
        if membership == nil, retry > 1 { actions.append(.turnedDown(reason, detail: detail)) }
        joinAgain(at: now + .milliseconds(retry))
      } else {
        end(.refused(reason, detail: detail), &actions)
      }
    case .staleRound, .notSelected, .tooLarge, .wrongBase, .wrongDigest, .malformed, .notFinite,
      .tooFar, .overloaded:
      if let answer = measuring.refused(header, reason, retry, detail) { return actions += answer }
      guard let task, header.round == task.round, header.purpose == task.purpose else { return }
      if let retry {
        wake(at: now + .milliseconds(retry))
      } else {
        actions.append(.refused(round: task.round, reason, detail: detail))
        abandon(&actions)
      }
    }
  }

  /// Takes in what the client has to train on; joins anew where that is news to the broker.
  mutating func has(_ new: ClientHolding, _ now: Duration) {
    let isNews = new.isNews(after: holding)
    holding = new
    guard isNews else { return }
    // What was asked for before may be answered first.
    guard membership != nil else { return hasNews = broker.epoch > 0 }
    joinAgain(at: now)
  }

  /// Joins again at a random moment, so that not all do at once.
  private mutating func rejoin(_ now: Duration) {
    joinAgain(at: now + limits.joinInterval * jitter.uniform())
  }
}
