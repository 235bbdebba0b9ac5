import Federation
import LocalTraining
import Wire

/// The memories that come with updates, which clients keep on their disks.
extension VirtualClients {
  /// Has a client keep what it remembers if an update counts, before that is offered.
  func keep(_ update: ClientUpdate, _ offer: Offer, of client: Int, _ task: ClientTask) {
    guard world.plan.clientsRemember else { return }
    let mark = CountedUpdate(offer, round: task.round)
    world.attempt {
      try world.backend.keep(update, of: client, as: mark, after: task.counted)
    }
  }
}

/// Evaluations of the model on what clients hold out; a device takes its time for them.
extension VirtualClients {
  /// The device begins to evaluate: nothing is trained in the pass over what is held out.
  func evaluate(_ task: ClientTask, client: Int) {
    let time = time(of: task, over: world.backend.heldOut(of: client), by: client)
    let work = clients[client].device.begin(task, taking: time, at: world.now)
    world.attempt {
      clients[client].device.run(try world.backend.beginEvaluation(task, client: client))
    }
    world.network.events.insert(.trained(client, work: work.number), at: work.end)
  }

  /// Hands the machine what an evaluation came to.
  func report(_ scores: LocalScores, of client: Int, in task: ClientTask) {
    switch scores {
    case .scored(let scores): handle(.evaluated(round: task.round, scores), for: client)
    case .failed(let reason, let detail):
      handle(.failed(round: task.round, reason, detail: detail), for: client)
    }
  }
}
