package import Bytes
import Measures
import Wire

extension ClientMachine {
  /// Does what is due: joins, asks for what is missing, offers again, or says that it is alive.
  mutating func tick(_ now: Duration, _ actions: inout [ClientAction]) {
    guard let wakeTime, wakeTime <= now else { return }
    guard membership != nil else {
      actions.append(.send(join))
      self.wakeTime = now + limits.joinInterval * (1 + jitter.uniform())
      return
    }
    switch state {
    case .idle, .ended: self.wakeTime = nil
    case .fetching: ask(now, &actions)
    case .training:
      actions.append(.send(message(.heartbeat(.training))))
      self.wakeTime = now + limits.heartbeatInterval
    case .offering(let task, let offer, _):
      state = .offering(task, offer, granted: false)
      actions.append(.send(message(.offer(offer))))
      self.wakeTime = now + limits.offerTimeout
    }
  }

  /// Asks for what is missing, as much of it as the repair window allows.
  mutating func ask(_ now: Duration, _ actions: inout [ClientAction]) {
    guard case .fetching(let task, let missing) = state else { return }
    let needs = needs(task, missing)
    asked = Dictionary(
      uniqueKeysWithValues: needs.map { ($0.digest, RangeSet($0.ranges)) })
    actions.append(.send(message(.want(worker: identity.worker, needs: needs))))
    wakeTime = now + limits.fetchTimeout
  }

  /// The missing ranges in the steps' order, no more of them than the repair window.
  private func needs(_ task: ClientTask, _ missing: [Digest: RangeSet<Int>]) -> [Need] {
    var needs: [Need] = []
    var room = limits.repairWindow
    for step in task.steps where room > 0 {
      guard let ranges = missing[step.digest]?.ranges else { continue }
      var asked: [Range<Int>] = []
      for range in ranges.prefix(ProtocolLimits.rangesPerMessage) where room > 0 {
        let end = min(range.upperBound, range.lowerBound + room)
        asked.append(range.lowerBound..<end)
        room -= end - range.lowerBound
      }
      needs.append(Need(digest: step.digest, ranges: asked))
    }
    return needs
  }

  /// Forgets what it has of a step, and of the state that it leads to, and asks for it again.
  mutating func refetch(_ digest: Digest, _ now: Duration, _ actions: inout [ClientAction]) {
    asked = [:]
    guard let task, let step = task.steps.first(where: { $0.digest == digest }) else { return }
    var missing: [Digest: RangeSet<Int>]
    switch state {
    case .fetching(_, let known): missing = known
    case .training: missing = [:]  // found only when training was about to begin
    case .idle, .offering, .ended: return
    }
    for segment in task.segments where segment.steps.contains(step) {
      held[segment.state.prefix] = nil
    }
    missing[digest] = RangeSet(0..<step.length)
    state = .fetching(task, missing: missing)
    wakeTime = now
  }

  /// Offers the update that training gave.
  mutating func trained(
    _ round: Int, _ offer: Offer, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard case .training(let task) = state, task.round == round else { return }
    state = .offering(task, offer, granted: false)
    guard membership != nil else { return }
    actions.append(.send(message(.offer(offer))))
    wakeTime = now + limits.offerTimeout
  }

  /// Tells the broker that there will be no update.
  mutating func failed(
    _ round: Int, _ reason: DeclineReason, _ detail: String, _ now: Duration,
    _ actions: inout [ClientAction]
  ) {
    guard case .training(let task) = state, task.round == round else { return }
    // Whatever broke may be in the model: the next one is built up from nothing.
    if reason == .failed { held = [:] }
    let decline = message(.decline(reason, detail: detail))
    declined = decline
    actions.append(.send(decline))
    abandon(&actions)
  }

  /// What asks the broker to take this client in, or to say again what it said in its mailbox.
  var join: Message<Uplink> {
    let join = Join(
      worker: identity.worker, plan: identity.plan, maximalStage: identity.maximalStage)
    return Message(
      Header(run: run, client: identity.client, attempt: identity.attempt), .join(join))
  }

  /// Joins again after the broker's restart, at a random moment so that not all do at once.
  mutating func rejoin(_ now: Duration) {
    membership = nil
    wakeTime = now + limits.joinInterval * jitter.uniform()
  }
}

extension ClientMachine {
  /// The steps whose bytes this client waits for.
  package var interests: Set<Digest> {
    guard case .fetching(let task, _) = state else { return [] }
    return Set(task.steps.map(\.digest))
  }

  /// The segments of which this client holds a state.
  package var heldSegments: Set<String> { Set(held.values) }
}
