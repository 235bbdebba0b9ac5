import Digests
import Measures
import Wire

extension ClientMachine {
  /// Takes in what the broker said.
  mutating func receive(
    _ message: Message<Downlink>, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    let header = message.header
    if let client = header.client, client != identity.client { return }
    // Another worker that listens to this mailbox is meant.
    if let worker = header.worker, worker != identity.worker { return }
    switch message.body {
    case .welcome(let welcome): welcomed(header, welcome, now, &actions)
    case .refuse(let reason, let retry, let detail):
      refused(header, reason, retry, detail, now, &actions)
    default:
      guard let membership else { return }
      guard header.run == membership.run else {
        // In the old broker's place is one of another run: ask to be taken in there.
        if case .announce = message.body { rejoin(now) }
        return
      }
      guard header.epoch == membership.epoch else {
        // The broker was restarted: join again, at some random moment, and keep what there is.
        if header.epoch > membership.epoch {
          // It may go back to a round that was taken up before.
          (epoch, lastRound) = (header.epoch, 0)
          rejoin(now)
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
    case .modelChunk(let segment, let offset, let length):
      received(segment, offset..<offset + length, now, &actions)
    case .grant(let range):
      guard case .offering(let task, let offer, _) = state, header.round == task.round,
        range.upperBound <= offer.length
      else { return }
      state = .offering(task, offer, granted: true)
      wakeTime = now + limits.offerTimeout
      actions.append(.sendUpdate(self.header, ranges: [range]))
    case .acknowledge(let acknowledgement):
      acknowledged(header, acknowledgement, now, &actions)
    case .closed:
      if let task, task.round <= header.round { abandon(&actions) }
    case .finished(let complete): end(complete ? .complete : .interrupted, &actions)
    case .welcome, .refuse: return  // taken care of before
    }
  }

  private mutating func welcomed(
    _ header: Header, _ welcome: Welcome, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard header.client == identity.client, membership == nil, header.epoch > 0 else { return }
    // A welcome of before the restart came late.
    guard run != header.run || epoch <= header.epoch else { return }
    if run != header.run {
      // Another run than before: nothing of the old one counts.
      abandon(&actions)
      (run, lastRound) = (header.run, 0)
      actions.append(.welcomed(welcome))
    }
    epoch = header.epoch
    membership = Membership(run: header.run, epoch: header.epoch)
    // Whatever was waited for is asked for again.
    wakeTime = task == nil ? nil : now
  }

  private mutating func announced(
    _ header: Header, _ announce: Announce, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard announce.state == .open else { return }
    // An announcement from before this round came late.
    guard header.round >= lastRound else { return }
    if let task, header.round == task.round, task.segments == announce.segments {
      lastRound = header.round
    } else {
      // The round is over, or a restarted broker went back to before it.
      abandon(&actions)
    }
    let announced = Set(announce.segments.map(\.digest))
    if !held.isSubset(of: announced) {
      held.formIntersection(announced)
      actions.append(.keep(held))
    }
    guard announce.selected.contains(identity.client) else { return }
    if header.round == lastRound, task == nil, var declined, declined.header.round == lastRound {
      // Still expected: the broker doesn't know.
      declined.header.epoch = header.epoch
      return actions.append(.send(declined))
    }
    guard header.round > lastRound else { return }
    lastRound = header.round
    begin(ClientTask(round: header.round, stage: header.stage, announce: announce), now, &actions)
  }

  private mutating func begin(
    _ task: ClientTask, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    state = .training(task)
    if let maximalStage = identity.maximalStage, maximalStage < task.stage {
      return failed(task.round, .tooDeep, "its memory allows stage \(maximalStage)", now, &actions)
    }
    var missing: [Digest: RangeSet<Int>] = [:]
    var needs: [Need] = []
    for segment in task.segments where !held.contains(segment.digest) && segment.length > 0 {
      missing[segment.digest] = RangeSet(0..<segment.length)
      needs.append(Need(digest: segment.digest))
      subscribed.insert(segment.digest)
      actions.append(.subscribe(segment))
    }
    state = .fetching(task, missing: missing)
    wakeTime = now + limits.gatherWindow + limits.fetchTimeout
    actions.append(.send(message(.want(worker: identity.worker, needs: needs))))
    trainIfComplete(now, &actions)
  }

  private mutating func received(
    _ segment: UInt64, _ range: Range<Int>, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard case .fetching(let task, var missing) = state,
      let digest = missing.keys.first(where: { $0.prefix == segment })
    else { return }
    missing[digest]?.remove(contentsOf: range)
    if missing[digest]?.isEmpty == true {
      missing[digest] = nil
      held.insert(digest)
    }
    state = .fetching(task, missing: missing)
    wakeTime = now + limits.fetchTimeout
    trainIfComplete(now, &actions)
  }

  private mutating func trainIfComplete(_ now: Duration, _ actions: inout [ClientAction]) {
    guard case .fetching(let task, let missing) = state, missing.isEmpty else { return }
    rest(&actions)
    state = .training(task)
    wakeTime = now + limits.heartbeatInterval
    actions.append(.train(task))
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
      actions.append(.settled(round: task.round, accepted: true))
      rest(&actions)
    case .incomplete(let missing):
      guard let end = missing.last?.upperBound, end <= offer.length else { return }
      wakeTime = now + limits.offerTimeout
      actions.append(.sendUpdate(self.header, ranges: missing))
    }
  }

  private mutating func refused(
    _ header: Header, _ reason: RefusalReason, _ retry: Int?, _ detail: String, _ now: Duration,
    _ actions: inout [ClientAction]
  ) {
    guard header.client == identity.client else { return }
    switch reason {
    case .wrongPlan, .wrongClient, .notAuthorized:
      guard membership == nil || header.round == 0 else { return }
      if let retry {
        wakeTime = now + .milliseconds(retry)
      } else {
        end(.refused(reason, detail: detail), &actions)
      }
    case .staleRound, .notSelected, .tooLarge, .wrongBase, .wrongDigest, .malformed, .notFinite,
      .tooFar, .overloaded:
      guard let task, header.round == task.round else { return }
      if let retry { wakeTime = now + .milliseconds(retry) } else { abandon(&actions) }
    }
  }
}
