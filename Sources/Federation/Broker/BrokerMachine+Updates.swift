import Digests
import Measures
import Progressive
import Wire

extension BrokerMachine {
  /// Takes in what a client said about the current round.
  mutating func receiveInRound(
    _ client: Int, _ message: Message<Uplink>, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    guard var round, message.header.round == round.phase.round else {
      return answerStale(client, message, &actions)
    }
    guard let progress = round.progress[client] else {
      if case .updateChunk = message.body { return actions.append(.count("unexpected chunk")) }
      return refuse(client, .notSelected, "it wasn't selected in this round", &actions)
    }
    self.round = nil  // so that it changes in place, not in a copy
    defer { self.round = round }
    switch message.body {
    case .want(let worker, let needs):
      want(client, worker, needs, progress, &round, &actions)
    case .offer(let offer):
      self.offer(client, offer, message.header.attempt, progress, &round, &actions)
    case .updateChunk(let offset, let length):
      receive(
        client, offset..<offset + length, message.header.attempt, progress, &round, &actions)
    case .decline(let reason, let detail):
      decline(client, reason, detail, progress, &round, &actions)
    case .join, .heartbeat, .leave: return
    }
    grant(&round, &actions)
  }

  private func decline(
    _ client: Int, _ reason: DeclineReason, _ detail: String, _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    switch progress {
    // What an earlier worker of this client sent whole may yet count.
    case .storing, .accepted, .refused, .declined: return
    case .receiving: actions.append(.release(client: client))
    case .invited, .working, .offered: break
    }
    round.advance(client, to: .declined(reason))
    actions.append(.notice(.declined(client: client, reason, detail: detail)))
  }

  /// A message about a round that isn't open.
  private func answerStale(
    _ client: Int, _ message: Message<Uplink>, _ actions: inout [BrokerAction]
  ) {
    switch message.body {
    case .offer:
      let header = Header(
        run: plan.run, epoch: plan.epoch, round: message.header.round,
        stage: message.header.stage, client: client)
      var answer = Downlink.refuse(.staleRound, retry: nil, detail: "the round is over")
      if message.header.round >= nextRound {
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
    case .decline: actions.append(.count("late decline"))
    case .join, .heartbeat, .leave: return
    }
  }

  private func want(
    _ client: Int, _ worker: UInt64, _ needs: [Need], _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    if progress == .invited { round.advance(client, to: .working) }
    for need in needs {
      guard let step = round.steps[need.digest] else {
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
      guard repaired <= plan.limits.repairFactor * max(round.modelBytes, 1) else {
        actions.append(.count("repair beyond the limit"))
        continue
      }
      round.repaired[client] = repaired
      actions.append(
        .repair(round: round.phase.round, client: client, step, ranges: ranges))
    }
  }

  private func offer(
    _ client: Int, _ offer: Offer, _ attempt: Int, _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    switch progress {
    case .accepted:
      round.duplicates += 1
      return acknowledge(client, .duplicate, &actions)
    case .refused(let reason):
      return refuse(client, reason, "it was refused before", &actions)
    case .storing: return  // its acknowledgement is on the way
    case .receiving(let known, let before, let missing) where known == offer && before == attempt:
      let ranges = Array(missing.ranges.prefix(ProtocolLimits.rangesPerMessage))
      return acknowledge(client, .incomplete(ranges), &actions)
    case .offered(let known, let before, _) where known == offer && before == attempt: return
    case .receiving:
      actions.append(.release(client: client))
    case .invited, .working, .offered, .declined: break
    }
    guard (1...round.updateLimit).contains(offer.length) else {
      round.advance(client, to: .refused(.tooLarge))
      return refuse(
        client, .tooLarge, "\(offer.length) bytes; at most \(round.updateLimit) can be needed",
        &actions)
    }
    guard offer.base == round.base else {
      round.advance(client, to: .working)
      return refuse(client, .wrongBase, "trained from another model", &actions)
    }
    round.enqueue(client, offer, attempt: attempt)
  }

  /// Lets waiting clients send while there is room, in the order of their offers.
  private func grant(_ round: inout OpenRound, _ actions: inout [BrokerAction]) {
    while round.head < round.queue.count {
      let client = round.queue[round.head]
      if case .offered(let offer, let attempt, round.head) = round.progress[client] {
        let inFlight = round.bytesInFlight
        // An update beyond the limit alone goes alone.
        guard inFlight == 0 || inFlight + offer.length <= plan.limits.bytesInFlight else { return }
        round.advance(
          client,
          to: .receiving(offer, attempt: attempt, missing: RangeSet(0..<offer.length)))
        actions.append(.reserve(client: client, length: offer.length))
        var header = header(client: client)
        header.attempt = attempt
        actions.append(.send(.client(client), Message(header, .grant(0..<offer.length))))
      }
      // Who no longer waits at this place is passed over.
      round.head += 1
    }
  }

  private func receive(
    _ client: Int, _ range: Range<Int>, _ attempt: Int, _ progress: OpenRound.Progress,
    _ round: inout OpenRound, _ actions: inout [BrokerAction]
  ) {
    guard case .receiving(let offer, attempt, var missing) = progress else {
      return actions.append(.count("unexpected chunk"))
    }
    guard range.upperBound <= offer.length else {
      return actions.append(.count("chunk beyond an update"))
    }
    guard !missing.intersection(RangeSet(range)).isEmpty else {
      return actions.append(.count("repeated chunk"))
    }
    actions.append(.receive(client: client, offset: range.lowerBound))
    missing.remove(contentsOf: range)
    if missing.isEmpty {
      round.advance(client, to: .storing(offer, attempt: attempt))
      actions.append(
        .store(round: round.phase.round, client: client, attempt: attempt, offer))
    } else {
      round.advance(client, to: .receiving(offer, attempt: attempt, missing: missing))
    }
  }

  /// An update was checked and, when accepted, stored: acknowledges or refuses it.
  mutating func stored(
    _ number: Int, _ client: Int, _ result: StoreResult, _ now: Duration,
    _ actions: inout [BrokerAction]
  ) {
    guard var round, round.phase.round == number,
      case .storing(let offer, _) = round.progress[client]
    else { return }
    self.round = nil  // so that it changes in place, not in a copy
    defer { self.round = round }
    switch result {
    case .accepted:
      round.accept(offer, of: client, quorum: plan.rules.quorum, now)
      members[client]?.states = round.segments.map(\.state.prefix)
      acknowledge(client, .accepted, &actions)
    case .refused(.wrongDigest, let detail):
      // Damaged on the way: the client still has it and may send it again.
      round.advance(client, to: .working)
      refuse(client, .wrongDigest, detail, retry: 1, &actions)
    case .refused(.overloaded, let detail):
      // There is no room now; there may be before the round ends.
      round.advance(client, to: .working)
      let retry = max(1, Int(plan.limits.announceInterval.seconds * 1000))
      refuse(client, .overloaded, detail, retry: retry, &actions)
    case .refused(let reason, let detail):
      round.advance(client, to: .refused(reason))
      refuse(client, reason, detail, &actions)
    }
    grant(&round, &actions)
  }

  private func acknowledge(
    _ client: Int, _ acknowledgement: Acknowledgement, _ actions: inout [BrokerAction]
  ) {
    actions.append(
      .send(.client(client), Message(header(client: client), .acknowledge(acknowledgement))))
  }
}
