import Bytes
import Measures
import Progressive
import Wire

extension BrokerMachine {
  /// Takes in what a client said about a round.
  mutating func receiveInRound(
    _ client: Int, _ message: Message<Uplink>, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard var round else { return answerStale(client, message, &actions) }
    guard let progress = round.progress[client], round.origin(of: client) == message.header.round
    else {
      guard !round.isClosed, message.header.round == round.phase.round,
        round.progress[client] == nil
      else { return answerStale(client, message, &actions) }
      if case .updateChunk = message.body { return actions.append(.count("unexpected chunk")) }
      return refuse(
        client, .notSelected, "it wasn't selected in this round",
        under: reply(to: client, in: round), &actions)
    }
    if let problem = problem(of: message, by: client, progress) {
      return refuseFaulty(client, message.header, problem, &actions)
    }
    self.round = nil  // so that it changes in place, not in a copy
    defer { self.round = round }
    switch message.body {
    case .want(let worker, let needs):
      want(client, worker, needs, progress, &round, &actions)
    case .offer(let offer):
      let submission = Submission(
        offer, round: message.header.round, stage: message.header.stage)
      self.offer(client, submission, message.header.attempt, progress, &round, &actions)
    case .updateChunk(let offset, let length):
      receive(
        client, offset..<offset + length, message.header.attempt, progress, &round, &actions)
    case .decline(let reason, let detail):
      decline(client, reason, detail, progress, &round, &actions)
    case .join, .heartbeat, .leave: return
    }
    grant(&round, &actions)
  }

  private mutating func decline(
    _ client: Int, _ reason: DeclineReason, _ detail: String, _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    switch progress {
    // What an earlier worker of this client sent whole may yet count.
    case .storing, .accepted, .refused, .declined: return
    case .receiving: actions.append(.release(client: client))
    case .invited, .working, .offered, .left: break
    }
    round.advance(client, to: .declined(reason))
    actions.append(.notice(.declined(client: client, reason, detail: detail)))
    learn(client, reason, of: round.origin(of: client) ?? round.phase.round)
  }

  /// Takes in why a client declined, as far as it would say the same of other rounds.
  private mutating func learn(_ client: Int, _ reason: DeclineReason, of round: Int) {
    switch reason {
    case .noData: restrict(client, to: 0)
    case .tooDeep:
      let asked = models[round]?.stage(allowedBy: members[client]?.maximalStage)
      if let asked { restrict(client, to: asked - 1) }
    case .diverged, .failed: break
    }
  }

  /// A message about a round that isn't open, or in which the client takes no part.
  private mutating func answerStale(
    _ client: Int, _ message: Message<Uplink>, _ actions: inout [BrokerAction]
  ) {
    switch message.body {
    case .offer(let offer):
      let header = Header(
        run: plan.run, epoch: plan.epoch, round: message.header.round,
        stage: message.header.stage, client: client)
      var answer = Downlink.refuse(.staleRound, retry: nil, detail: "the round is over")
      if let known = stored[client], known.round == header.round, known.offer == offer {
        // Stored before the restart: it will count.
        answer = .acknowledge(.duplicate)
      } else if message.header.round >= nextRound {
        // The broker was restarted and will open this round again.
        let retry = max(1, Int(plan.limits.announceInterval.seconds * 1000))
        answer = .refuse(.staleRound, retry: retry, detail: "the round isn't open yet")
        actions.append(.count("early offer"))
      } else {
        actions.append(.count("late offer"))
      }
      actions.append(.send(.client(client), Message(header, answer)))
    case .updateChunk: actions.append(.count("late chunk"))
    case .want: actions.append(.count("late want"))
    case .decline(let reason, _):
      actions.append(.count("late decline"))
      if reason == .noData { learn(client, reason, of: message.header.round) }
    case .join, .heartbeat, .leave: return
    }
  }

  private func want(
    _ client: Int, _ worker: UInt64, _ needs: [Need], _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    guard !round.isClosed, round.origins[client] == nil else {
      return actions.append(.count("late want"))
    }
    switch progress {
    case .invited, .left: round.advance(client, to: .working)
    case .working, .offered, .receiving, .storing, .accepted, .refused, .declined: break
    }
    for need in needs {
      guard let step = round.model.steps[need.digest] else {
        actions.append(.count("want of an unknown step"))
        continue
      }
      if round.wanted != nil {
        round.wanted?[need.digest, default: []].insert(client)
        round.wantingWorkers[need.digest, default: []].insert(worker)
        continue
      }
      let ranges = need.ranges.isEmpty ? [0..<step.length] : need.ranges
      let bytes = ranges.reduce(0) { $0 + $1.count }
      guard ranges.allSatisfy({ $0.upperBound <= step.length }) else {
        actions.append(.count("want beyond a step"))
        continue
      }
      let repaired = round.repaired[client, default: 0] + bytes
      guard repaired <= plan.limits.repairFactor * max(round.model.bytes, 1) else {
        actions.append(.count("repair beyond the limit"))
        continue
      }
      round.repaired[client] = repaired
      actions.append(
        .repair(round: round.phase.round, client: client, step, ranges: ranges))
    }
  }

  private mutating func offer(
    _ client: Int, _ submission: Submission, _ attempt: Int, _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    let (offer, header) = (submission.offer, reply(to: client, in: round))
    let model = models[submission.round]
    let (stage, limit) = (model?.stages[offer.base], model?.updateLimit ?? 0)
    switch progress {
    case .accepted:
      round.duplicates += 1
      return acknowledge(.duplicate, header, &actions)
    // A client that took the right model after all is taken back.
    case .refused(.wrongBase) where stage != nil: break
    case .refused(let reason):
      return refuse(client, reason, "it was refused before", under: header, &actions)
    case .storing: return  // its acknowledgement is on the way
    case .receiving(let known, let before, let missing)
    where known.offer == offer && before == attempt:
      let ranges = Array(missing.ranges.prefix(ProtocolLimits.rangesPerMessage))
      return acknowledge(.incomplete(ranges), header, &actions)
    case .offered(let known, let before, _) where known.offer == offer && before == attempt:
      return
    case .receiving:
      actions.append(.release(client: client))
    case .declined: unrestrict(client)
    case .invited, .working, .offered, .left: break
    }
    guard offer.samples > 0 else {
      round.advance(client, to: .refused(.malformed))
      restrict(client, to: 0)
      return refuse(
        client, .malformed, "field samples is 0: an update of no samples has no weight",
        under: header, &actions)
    }
    guard offer.length > 0, offer.length <= limit else {
      round.advance(client, to: .refused(.tooLarge))
      return refuse(
        client, .tooLarge, "\(offer.length) bytes; at most \(limit) can be needed",
        under: header, &actions)
    }
    guard stage != nil else {
      round.advance(client, to: .refused(.wrongBase))
      return refuse(client, .wrongBase, "trained from another model", under: header, &actions)
    }
    round.enqueue(client, submission, attempt: attempt)
  }

  /// Lets waiting clients send while there is room, in the order of their offers.
  func grant(_ round: inout OpenRound, _ actions: inout [BrokerAction]) {
    while round.head < round.queue.count {
      let client = round.queue[round.head]
      if case .offered(let submission, let attempt, round.head) = round.progress[client] {
        let (offer, inFlight) = (submission.offer, round.bytesInFlight)
        if !presence.contains(client) {
          // It offers again when it is back; until then others may use the room.
          round.advance(client, to: .working)
        } else {
          // An update beyond the limit alone goes alone.
          guard inFlight == 0 || inFlight + offer.length <= plan.limits.bytesInFlight else {
            return
          }
          round.advance(
            client,
            to: .receiving(submission, attempt: attempt, missing: RangeSet(0..<offer.length)))
          actions.append(.reserve(client: client, length: offer.length))
          var header = reply(to: client, in: round)
          header.attempt = attempt
          actions.append(.send(.client(client), Message(header, .grant(0..<offer.length))))
        }
      }
      // Who no longer waits at this place is passed over.
      round.head += 1
    }
  }

  private func receive(
    _ client: Int, _ range: Range<Int>, _ attempt: Int, _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    guard case .receiving(let submission, attempt, var missing) = progress else {
      return actions.append(.count("unexpected chunk"))
    }
    guard range.upperBound <= submission.offer.length else {
      return actions.append(.count("chunk beyond an update"))
    }
    guard !missing.intersection(RangeSet(range)).isEmpty else {
      return actions.append(.count("repeated chunk"))
    }
    actions.append(.receive(client: client, offset: range.lowerBound))
    missing.remove(contentsOf: range)
    if missing.isEmpty {
      round.advance(client, to: .storing(submission, attempt: attempt))
      actions.append(
        .store(round: round.receiving, client: client, attempt: attempt, submission))
    } else {
      round.advance(client, to: .receiving(submission, attempt: attempt, missing: missing))
    }
  }

  /// An update was checked and, when accepted, stored: acknowledges or refuses it.
  mutating func stored(
    _ number: Int, _ client: Int, _ result: StoreResult, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    guard var round, round.receiving == number,
      case .storing(let submission, _) = round.progress[client]
    else { return }
    self.round = nil  // so that it changes in place, not in a copy
    defer { self.round = round }
    let header = reply(to: client, in: round)
    switch result {
    case .accepted:
      round.accept(submission, of: client, quorum: plan.rules.quorum, now)
      if let model = models[submission.round] {
        members[client]?.states = model.segments(of: submission.stage).map(\.state.prefix)
      }
      acknowledge(.accepted, header, &actions)
    case .refused(.wrongDigest, let detail):
      // Damaged on the way: the client still has it and may send it again.
      round.advance(client, to: .working)
      refuse(client, .wrongDigest, detail, retry: 1, under: header, &actions)
    case .refused(.overloaded, let detail):
      // There is no room now; there may be before the round ends.
      round.advance(client, to: .working)
      let retry = max(1, Int(plan.limits.announceInterval.seconds * 1000))
      refuse(client, .overloaded, detail, retry: retry, under: header, &actions)
    case .refused(let reason, let detail):
      round.advance(client, to: .refused(reason))
      refuse(client, reason, detail, under: header, &actions)
    }
    grant(&round, &actions)
  }

  /// Tells a client of an update that was stored before a restart; whoever doesn't wait for it ignores that.
  func confirm(_ submission: Submission, to client: Int, _ actions: inout [BrokerAction]) {
    let header = Header(
      run: plan.run, epoch: plan.epoch, round: submission.round, stage: submission.stage,
      client: client)
    acknowledge(.duplicate, header, &actions)
  }

  /// Tells a client what became of its update.
  func acknowledge(
    _ acknowledgement: Acknowledgement, _ header: Header, _ actions: inout [BrokerAction]
  ) {
    guard let client = header.client else { return }
    actions.append(.send(.client(client), Message(header, .acknowledge(acknowledgement))))
  }

  /// The header of what is said to a client about the update that it works on.
  func reply(to client: Int, in round: OpenRound) -> Header {
    let number = round.origin(of: client) ?? round.phase.round
    return Header(
      run: plan.run, epoch: plan.epoch, round: number,
      stage: models[number]?.stage ?? round.phase.stage, client: client)
  }
}

extension OpenRound {
  /// The round in which an update counts that is accepted now, from 1.
  var receiving: Int { isClosed ? phase.round + 1 : phase.round }
}
