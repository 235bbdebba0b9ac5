import Bytes
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
        // Nobody is taken in any more; of a broker that was restarted since, only the new one knows.
        if case .finished(let complete) = message.body, header.run != run || header.epoch >= epoch {
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
    case .modelChunk(let step, let offset, let length):
      received(step, offset..<offset + length, now, &actions)
    case .grant(let range):
      guard case .offering(let task, let offer, _) = state, header.round == task.round,
        range.upperBound <= offer.length
      else { return }
      state = .offering(task, offer, granted: true)
      wakeTime = now + limits.offerTimeout
      actions.append(.sendUpdate(self.header, ranges: [range]))
    case .acknowledge(let acknowledgement):
      acknowledged(header, acknowledgement, now, &actions)
    case .closed: closed(header.round, &actions)
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
    limits.chunkBytes = welcome.chunkBytes
    staleRounds = welcome.staleRounds
    epoch = header.epoch
    membership = Membership(run: header.run, epoch: header.epoch)
    // Whatever was waited for is asked for again.
    wakeTime = task == nil ? nil : now
  }

  /// The broker took another worker for this client: who played it before asks for it again.
  private mutating func welcomedElsewhere(
    _ header: Header, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard header.client == identity.client, header.run == membership?.run,
      header.epoch == membership?.epoch
    else { return }
    membership = nil
    abandon(&actions)
    wakeTime = now + limits.joinInterval * (1 + jitter.uniform())
  }

  private mutating func announced(
    _ header: Header, _ announce: Announce, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard announce.state == .open else { return }
    // An announcement from before this round came late.
    guard header.round >= lastRound else { return }
    let isSelected = announce.selected.contains(identity.client)
    if let task, header.round == task.round, task.model == announce.base {
      lastRound = header.round
    } else if let task, !isSelected, mayCount(task, in: header.round) {
      lastRound = task.round
    } else {
      // The round is over, or a restarted broker went back to before it.
      abandonLate(header.round, &actions)
    }
    if !announce.segments.isEmpty {
      forgetAll(but: announce.segments + announce.shallowHeads, &actions)
    }
    guard isSelected else { return }
    if header.round == lastRound, task == nil, var declined, declined.header.round == lastRound {
      // Still expected: the broker doesn't know.
      declined.header.epoch = header.epoch
      return actions.append(.send(declined))
    }
    guard header.round > lastRound else { return }
    guard !lacksSamples else {
      return refrain(header, announce, .noData, "it has no samples", now, &actions)
    }
    let offered = ClientTask(
      round: header.round, stage: header.stage, announce: announce, limit: identity.maximalStage)
    if !announce.segments.isEmpty, offered == nil {
      let limit = identity.maximalStage ?? 0
      return refrain(
        header, announce, .tooDeep, "its memory allows stage \(limit)", now, &actions)
    }
    if var task = offered, let steps = steps(to: task.segments) {
      lastRound = header.round
      task.steps = steps
      begin(task, now, &actions)
    } else if header.client == nil {
      // What was said in its mailbox got lost, or leads on from a state that it doesn't hold. Asked for
      // no more often than the broker announces.
      actions.append(.send(join))
    }
  }

  /// Declines a round of which nothing needs to be fetched to know that there will be no update.
  private mutating func refrain(
    _ header: Header, _ announce: Announce, _ reason: DeclineReason, _ detail: String,
    _ now: Duration, _ actions: inout [ClientAction]
  ) {
    lastRound = header.round
    state = .training(
      ClientTask(round: header.round, stage: header.stage, announce: announce, steps: []))
    failed(header.round, reason, detail, now, &actions)
  }

  /// The steps that are lacking to the segments, none twice; nil if they aren't known.
  private func steps(to segments: [Segment]) -> [ModelPatch]? {
    guard !segments.isEmpty else { return nil }
    var steps: [ModelPatch] = []
    var known: Set<Digest> = []
    for segment in segments {
      guard let path = segment.path(from: held.keys) else { return nil }
      steps += path.filter { known.insert($0.digest).inserted }
    }
    return steps
  }

  /// Holds no states any longer but those that are announced, or that an announced step begins from.
  private mutating func forgetAll(but segments: [Segment], _ actions: inout [ClientAction]) {
    guard !held.isEmpty else { return }
    let named = Set(segments.flatMap { [$0.state.prefix] + $0.steps.compactMap(\.from) })
    let count = held.count
    held = held.filter { named.contains($0.key) }
    if held.count < count { actions.append(.keep(Set(held.keys))) }
  }

  /// The round is over; an update of it may still count where late ones do.
  private mutating func closed(_ round: Int, _ actions: inout [ClientAction]) {
    guard let task, task.round <= round, !mayCount(task, in: round + 1) else { return }
    abandonLate(round + 1, &actions)
  }

  /// Whether the update of `task` is under way and may count in `round`.
  private func mayCount(_ task: ClientTask, in round: Int) -> Bool {
    guard task.round < round, round - task.round <= staleRounds else { return false }
    switch state {
    case .training, .offering: return true
    case .idle, .fetching, .ended: return false
    }
  }

  /// Drops what was done for a round before `round`; where the broker may wait for it, says so.
  private mutating func abandonLate(_ round: Int, _ actions: inout [ClientAction]) {
    if case .fetching(let task, _) = state, task.round < round, staleRounds > 0 {
      // The model is no longer to be had.
      actions.append(
        .send(message(.decline(.failed, detail: "the round ended before the model was here"))))
    }
    abandon(&actions)
  }

  private mutating func begin(
    _ task: ClientTask, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    var missing: [Digest: RangeSet<Int>] = [:]
    var needs: [Need] = []
    for step in task.steps where step.length > 0 {
      missing[step.digest] = RangeSet(0..<step.length)
      needs.append(Need(digest: step.digest))
      subscribed.insert(step.digest)
      actions.append(.subscribe(step))
    }
    state = .fetching(task, missing: missing)
    wakeTime = now + limits.gatherWindow + limits.fetchTimeout
    actions.append(.send(message(.want(worker: identity.worker, needs: needs))))
    trainIfComplete(now, &actions)
  }

  private mutating func received(
    _ step: UInt64, _ range: Range<Int>, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard case .fetching(let task, var missing) = state,
      let digest = missing.keys.first(where: { $0.prefix == step })
    else { return }
    missing[digest]?.remove(contentsOf: range)
    if missing[digest]?.isEmpty == true { missing[digest] = nil }
    state = .fetching(task, missing: missing)
    wakeTime = now + limits.fetchTimeout
    askOn(digest, range, missing, now, &actions)
    trainIfComplete(now, &actions)
  }

  /// Once all that was asked for is here, asks for the next of what is missing; else says that it is alive.
  private mutating func askOn(
    _ digest: Digest, _ range: Range<Int>, _ missing: [Digest: RangeSet<Int>], _ now: Duration,
    _ actions: inout [ClientAction]
  ) {
    guard !missing.isEmpty else { return }
    if asked[digest] != nil {
      asked[digest]?.remove(contentsOf: range)
      if asked[digest]?.isEmpty == true { asked[digest] = nil }
      if asked.isEmpty { return ask(now, &actions) }
    }
    if now - lastSaid >= limits.heartbeatInterval {
      actions.append(.send(message(.heartbeat(.fetching))))
    }
  }

  private mutating func trainIfComplete(_ now: Duration, _ actions: inout [ClientAction]) {
    guard case .fetching(let task, let missing) = state else { return }
    for segment in task.segments where held[segment.state.prefix] == nil {
      guard let path = segment.path(from: held.keys),
        path.allSatisfy({ missing[$0.digest] == nil })
      else { continue }
      reach(segment, by: path, &actions)
    }
    guard missing.isEmpty else { return }
    rest(&actions)
    state = .training(task)
    wakeTime = now + limits.heartbeatInterval
    actions.append(.train(task))
  }

  /// Holds a segment's state, and what a step leads from to it in one go: an anchor may serve again.
  private mutating func reach(
    _ segment: Segment, by path: [ModelPatch], _ actions: inout [ClientAction]
  ) {
    let passed = Set(held.keys).union(path.map(\.to))
    let anchors = segment.steps.filter { $0.to == segment.state.prefix }.compactMap(\.from)
      .filter(passed.contains)
    held = held.filter { $0.value != segment.name }
    for state in anchors + [segment.state.prefix] { held[state] = segment.name }
    actions.append(.reached(segment))
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
    if membership == nil, header.worker != nil, reason == .malformed {
      // Its JOIN can't be read, and won't be another time.
      return end(.refused(reason, detail: detail), &actions)
    }
    switch reason {
    case .wrongPlan, .wrongClient, .notAuthorized:
      guard membership == nil || header.round == 0 else { return }
      if let retry {
        if membership == nil { actions.append(.turnedDown(reason, detail: detail)) }
        // A member is asked whether it still is there: it joins again, and goes on with what it was at.
        membership = nil
        wakeTime = now + .milliseconds(retry)
      } else {
        end(.refused(reason, detail: detail), &actions)
      }
    case .staleRound, .notSelected, .tooLarge, .wrongBase, .wrongDigest, .malformed, .notFinite,
      .tooFar, .overloaded:
      guard let task, header.round == task.round else { return }
      if let retry {
        wakeTime = now + .milliseconds(retry)
      } else {
        actions.append(.refused(round: task.round, reason, detail: detail))
        abandon(&actions)
      }
    }
  }
}
