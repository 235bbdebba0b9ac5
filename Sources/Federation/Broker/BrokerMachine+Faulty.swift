import Measures
import Wire

/// What clients say that can't be right: they are told which field, and the round goes on without them.
extension BrokerMachine {
  /// Answers a message of which no more than the header is of use.
  mutating func receive(
    _ fault: UplinkFault, _ now: Duration, _ actions: inout [BrokerAction]
  ) {
    let header = fault.header
    guard let client = header.client, (0..<plan.clients).contains(client) else {
      return actions.append(.count("message of a stranger"))
    }
    if fault.isJoin || header.run == 0 {
      return refuse(client, fault.reason, fault.problem, worker: fault.worker, &actions)
    }
    guard header.run == plan.run, header.epoch == plan.epoch else {
      return actions.append(.count("message of another run"))
    }
    guard members[client] != nil else {
      return actions.append(.count("message of a stranger"))
    }
    members[client]?.lastHeard = now
    refuseFaulty(client, header, fault.problem, &actions)
  }

  /// What is wrong with what a client says about a round in which it takes part; nil if nothing is.
  func problem(
    of message: Message<Uplink>, by client: Int, _ progress: OpenRound.Progress
  ) -> String? {
    let (stage, model) = (message.header.stage, models[message.header.round])
    switch message.body {
    case .join, .heartbeat, .leave: return nil
    case .want, .decline:
      guard let deepest = model?.stage, !(1...deepest).contains(stage) else { return nil }
      return "field stage is \(stage), in a round of stage \(deepest)"
    case .updateChunk:
      guard case .receiving(let submission, _, _) = progress, stage != submission.stage else {
        return nil
      }
      return "field stage is \(stage); the update was offered for stage \(submission.stage)"
    case .offer(let offer):
      switch progress {
      case .storing, .accepted: return nil  // what became of it is all that matters
      case .refused(let reason) where reason != .wrongBase: return nil
      case .invited, .working, .offered, .receiving, .refused, .declined, .left: break
      }
      if let own = model?.stages[offer.base], stage != own {
        return "field stage is \(stage); the base is that of stage \(own)"
      }
      return problem(of: offer, by: client)
    }
  }

  /// What is wrong with what a client says of its update; nil if nothing is.
  private func problem(of offer: Offer, by client: Int) -> String? {
    let dealt = plan.dealtSamples.indices.contains(client) ? plan.dealtSamples[client] : nil
    let limits = [
      (dealt, "the samples that client \(client) was dealt"),
      (members[client]?.samples, "what client \(client) said in JOIN that it has"),
      (plan.rules.sampleLimit, "the most that a client may have (limits.samples)"),
    ]
    for case (let limit?, let what) in limits where offer.samples > limit {
      return "field samples is \(offer.samples), beyond \(limit), \(what)"
    }
    if let limit = plan.lossLimit, !(0...limit).contains(Double(offer.loss)) {
      return "field loss is \(offer.loss); a mean loss is from 0 to \(limit) (training.lossLimit)"
    }
    return nil
  }

  /// Refuses what a client said about a round, for good, with all that it may yet say about it.
  mutating func refuseFaulty(
    _ client: Int, _ header: Header, _ problem: String, _ actions: inout [BrokerAction]
  ) {
    guard var round, let progress = round.progress[client],
      round.origin(of: client) == header.round
    else {
      let answer = Header(
        run: plan.run, epoch: plan.epoch, round: header.round, stage: header.stage, client: client)
      return refuse(client, .malformed, problem, under: answer, &actions)
    }
    self.round = nil  // so that it changes in place, not in a copy
    defer { self.round = round }
    let answer = reply(to: client, in: round)
    switch progress {
    case .accepted:
      actions.append(.count(RefusalReason.malformed.name))
      return acknowledge(.duplicate, answer, &actions)
    case .storing:
      // What becomes of the update itself is on the way.
      return actions.append(.count(RefusalReason.malformed.name))
    case .refused, .declined, .left: break
    case .receiving:
      actions.append(.release(client: client))
      round.advance(client, to: .refused(.malformed))
    case .invited, .working, .offered: round.advance(client, to: .refused(.malformed))
    }
    refuse(client, .malformed, problem, under: answer, &actions)
    grant(&round, &actions)
  }
}
