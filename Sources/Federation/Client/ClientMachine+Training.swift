import Bytes
import Measures
import Wire

/// From the task of a round to the offer of its update.
extension ClientMachine {
  /// Begins with a task: fetches the steps to its model, or trains if none are lacking.
  mutating func begin(
    _ task: ClientTask, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    if let problem = limits.stepBounds?.problem(of: task.segments) {
      state = .work(on: task, wake: now)
      return failed(task.round, .failed, problem, &actions)
    }
    let fetching = Fetching(task, wake: now + limits.gatherWindow + limits.fetchTimeout)
    let steps = task.steps.filter { $0.length > 0 }
    for step in steps { actions.append(.subscribe(step)) }
    state = .fetching(fetching)
    let needs = steps.map { Need(digest: $0.digest) }
    actions.append(.send(message(.want(worker: identity.worker, needs: needs))))
    trainIfComplete(now, &actions)
  }

  /// Takes in a chunk of a step: asks on once all that was asked for is here, else says that it is
  /// alive.
  mutating func received(
    _ step: UInt64, _ range: Range<Int>, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    let wake = now + limits.fetchTimeout
    let change = state.changeFetching { fetching in
      let arrival = fetching.receive(range, of: step)
      if arrival != .isUseless { fetching.wake = wake }
      return (arrival, fetching.isComplete)
    }
    guard let (arrival, isComplete) = change else { return }
    switch arrival {
    case .isUseless: return
    case .asksOn: ask(now, &actions)
    case .isNoted:
      if !isComplete, now - lastSaid >= limits.heartbeatInterval {
        actions.append(.send(message(.heartbeat(.fetching))))
      }
    }
    trainIfComplete(now, &actions)
  }

  /// Asks for what is missing, as much of it as the repair window allows.
  mutating func ask(_ now: Duration, _ actions: inout [ClientAction]) {
    let (window, wake) = (limits.repairWindow, now + limits.fetchTimeout)
    let needs = state.changeFetching { fetching in
      fetching.wake = wake
      return fetching.ask(window: window)
    }
    guard let needs else { return }
    actions.append(.send(message(.want(worker: identity.worker, needs: needs))))
  }

  /// Holds the states to which all steps are here, and trains once nothing is missing.
  private mutating func trainIfComplete(_ now: Duration, _ actions: inout [ClientAction]) {
    guard case .fetching(let fetching) = state else { return }
    actions += held.reach(fetching).map { .reached($0) }
    guard fetching.isComplete else { return }
    rest(&actions)
    let (task, wake) = (fetching.task, now + limits.heartbeatInterval)
    state = .work(on: task, wake: wake)
    actions.append(task.purpose == .training ? .train(task) : .evaluate(task))
  }

  /// Forgets what it has of a step, and of the state that it leads to, and asks for it again.
  mutating func refetch(_ digest: Digest, _ now: Duration) {
    guard let lost = state.lose(digest, at: now) else { return }
    for segment in task?.segments ?? [] where segment.steps.contains(lost) { held.forget(segment) }
    wake(at: now)
  }

  /// Offers the update that training gave.
  mutating func trained(
    _ round: Int, _ offer: Offer, _ now: Duration, _ actions: inout [ClientAction]
  ) {
    guard case .training(let task, _) = state, task.round == round else { return }
    state = .offering(task, offer, wake: now + limits.offerTimeout)
    if membership != nil { actions.append(.send(message(.offer(offer)))) }
  }

  /// Tells the broker that there will be no update, or no scores.
  mutating func failed(
    _ round: Int, _ reason: DeclineReason, _ detail: String, _ actions: inout [ClientAction]
  ) {
    guard let task = state.work(of: round) else { return }
    // Whatever broke may be in the model: the next one is built up from nothing.
    if reason == .failed { held = HeldStates() }
    let decline = message(.decline(reason, detail: detail))
    switch task.purpose {
    case .evaluation: lastEvaluation = .declined(decline)
    // A restarted broker may go back to this round: then it is taken up again.
    case .training: if lastRound.number == round { lastRound = .declined(decline) }
    }
    actions.append(.send(decline))
    abandon(&actions)
  }

  /// Declines a round of which nothing needs to be fetched to know that there will be no update.
  mutating func refrain(
    _ header: Header, _ announce: Announce, _ reason: DeclineReason, _ detail: String,
    _ now: Duration, _ actions: inout [ClientAction]
  ) {
    lastRound = .takenUp(header.round)
    let task = ClientTask(round: header.round, stage: header.stage, announce: announce, steps: [])
    state = .training(task, wake: now)
    failed(header.round, reason, detail, &actions)
  }
}
