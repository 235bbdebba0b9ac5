import Bytes
import Federation
import Measures
import Wire

/// Evaluations of the model by the clients of a scenario.
extension FaultClients {
  func evaluate(_ task: ClientTask, client: Int) {
    for segment in task.segments where !clients[client].states.contains(segment.state.prefix) {
      return world.violate(.whole, "client \(client) evaluates without all of \(segment.name)")
    }
    if client == world.scenario.shallow, task.stage > 1 {
      return world.violate(
        .fits, "client \(client) evaluates stage \(task.stage), beyond its memory")
    }
    checkNormalization(of: client)
    beginTraining(of: client)
    let isMistaken = world.mutation == .mistakesScores
    var scores = world.digests.scores(
      client: client, round: task.round - (isMistaken ? 1 : 0))
    // Of the model that it has, whichever that is.
    scores.base = task.base
    world.note("client \(client) evaluates after round \(task.round)")
    world.network.schedule(
      .evaluated(
        client: client, training: clients[client].training, round: task.round, scores),
      at: world.now + world.network.pause(100...1500))
  }

  /// A client's evaluation is over.
  func evaluated(_ client: Int, _ training: Int, round: Int, _ scores: HoldOutScores) {
    guard clients[client].training == training else { return }
    handle(.evaluated(round: round, scores), for: client)
  }
}
