package import Digests
import Measures
import Wire

extension ClientMachine {
  /// Does what is due: joins, asks for what is missing, offers again, or says that it is alive.
  mutating func tick(_ now: Duration, _ actions: inout [ClientAction]) {
    guard let wakeTime, wakeTime <= now else { return }
    guard membership != nil else {
      actions.append(
        .send(
          Message(
            Header(run: run, client: identity.client, attempt: identity.attempt),
            .join(
              Join(
                worker: identity.worker, plan: identity.plan,
                maximalStage: identity.maximalStage)))))
      self.wakeTime = now + limits.joinInterval * (1 + jitter.uniform())
      return
    }
    switch state {
    case .idle, .ended: self.wakeTime = nil
    case .fetching(let task, let missing):
      actions.append(
        .send(message(.want(worker: identity.worker, needs: needs(task, missing)))))
      self.wakeTime = now + limits.fetchTimeout
    case .training:
      actions.append(.send(message(.heartbeat(.training))))
      self.wakeTime = now + limits.heartbeatInterval
    case .offering(let task, let offer, _):
      state = .offering(task, offer, granted: false)
      actions.append(.send(message(.offer(offer))))
      self.wakeTime = now + limits.offerTimeout
    }
  }

  /// The missing ranges in the model's order, no more of them than the repair window.
  private func needs(_ task: ClientTask, _ missing: [Digest: RangeSet<Int>]) -> [Need] {
    var needs: [Need] = []
    var room = limits.repairWindow
    for segment in task.segments where room > 0 {
      guard let ranges = missing[segment.digest]?.ranges else { continue }
      var asked: [Range<Int>] = []
      for range in ranges.prefix(ProtocolLimits.rangesPerMessage) where room > 0 {
        let end = min(range.upperBound, range.lowerBound + room)
        asked.append(range.lowerBound..<end)
        room -= end - range.lowerBound
      }
      needs.append(Need(digest: segment.digest, ranges: asked))
    }
    return needs
  }

  /// Forgets what it has of a segment and asks for it again.
  mutating func refetch(_ digest: Digest, _ now: Duration, _ actions: inout [ClientAction]) {
    held.remove(digest)
    guard let task, let segment = task.segments.first(where: { $0.digest == digest }) else {
      return
    }
    switch state {
    case .fetching(_, var missing):
      missing[digest] = RangeSet(0..<segment.length)
      state = .fetching(task, missing: missing)
      wakeTime = now
    case .training:
      // Found only when training was about to begin.
      state = .fetching(task, missing: [digest: RangeSet(0..<segment.length)])
      wakeTime = now
    case .idle, .offering, .ended: return
    }
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
    let decline = message(.decline(reason, detail: detail))
    declined = decline
    actions.append(.send(decline))
    abandon(&actions)
  }

  /// Joins again after the broker's restart, at a random moment so that not all do at once.
  mutating func rejoin(_ now: Duration) {
    membership = nil
    wakeTime = now + limits.joinInterval * jitter.uniform()
  }
}

extension Digest {
  /// The first 8 bytes as a number: how chunks name their segment.
  package var prefix: UInt64 {
    var prefix: UInt64 = 0
    for byte in bytes.prefix(8) { prefix = prefix << 8 | UInt64(byte) }
    return prefix
  }
}

extension ClientMachine {
  /// The segments whose bytes this client holds, waits for or is about to train with.
  package var interests: Set<Digest> { held.union(task?.segments.map(\.digest) ?? []) }
}
