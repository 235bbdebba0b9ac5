import Measures
import Wire

/// From the announcement of an evaluation to the broker's word that it has the scores.
extension ClientMachine {
  /// Takes in that clients evaluate the model of the round in `header`, which is over.
  mutating func announcedEvaluation(
    _ header: Header, _ announce: Announce, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    let round = header.round
    guard round >= lastRound.number, round >= lastEvaluation.round else { return }
    if let task, task.purpose == .training || task.round < round,
      !mayCount(task, in: round + 1)
    {
      guard task.round <= round else { return }
      abandonLate(round + 1, &actions)
    }
    actions += held.keep(for: announce)
    guard announce.selected.contains(identity.client) else { return }
    if let task, task.purpose == .evaluation, task.round == round {
      // Of a restarted broker the model may be another one.
      if task.model == announce.base { return }
      abandon(&actions)
    }
    guard lastEvaluation.round < round else {
      guard case .declined(var declined) = lastEvaluation else { return }
      declined.header.epoch = header.epoch
      return actions.append(.send(declined))
    }
    // Nobody is asked from whom an update of an earlier round is still taken.
    if task != nil { abandon(&actions) }
    if let lack = measuring.lack(header, join) { return actions += lack }
    if let limit = identity.maximalStage, limit < header.stage {
      // Nothing needs to be fetched to know that.
      var own = self.header
      (own.round, own.stage, own.purpose) = (header.round, header.stage, .evaluation)
      let words = "its memory allows stage \(limit)"
      let decline = Message(own, Uplink.decline(.tooDeep, detail: words))
      lastEvaluation = .declined(decline)
      return actions.append(.send(decline))
    }
    var task = ClientTask(
      round: round, stage: header.stage, announce: announce, steps: [], purpose: .evaluation)
    if let steps = held.steps(to: task.segments) {
      task.steps = steps
      begin(task, now, &actions)
    } else if header.client == nil {
      // What was said in its mailbox got lost, as in a round.
      actions.append(.send(join))
    }
  }

  /// Sends the scores of its evaluation, until the broker has them.
  mutating func evaluated(
    _ round: Int, _ scores: HoldOutScores, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard case .evaluating(let task, _) = state, task.round == round else { return }
    state = .reporting(task, scores, wake: now + limits.offerTimeout)
    guard case .member = standing else { return }
    actions.append(.send(message(.scores(scores))))
  }

  /// The broker has what this client reported.
  mutating func noted(_ header: Header, _ report: ClientReport, _ actions: inout [ClientAction]) {
    switch (report, state) {
    case (.scores, .reporting(let task, _, _)) where task.round == header.round:
      lastEvaluation = .done(task.round)
      rest(&actions)
    case (.sums, _): measuring.end()
    default: break
    }
  }

  /// Ends an evaluation that the broker no longer waits for, as a round has begun since.
  mutating func endEvaluation(before round: Int, _ actions: inout [ClientAction]) {
    guard let task, task.purpose == .evaluation, task.round < round else { return }
    lastEvaluation = .done(task.round)
    abandon(&actions)
  }
}
