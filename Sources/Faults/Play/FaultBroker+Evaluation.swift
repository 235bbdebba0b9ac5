import Federation
import Measures
import Progressive
import Wire

/// Evaluations by clients, between the end of a round and its commit.
extension FaultBroker {
  func prepareEvaluation(round: Int) {
    guard let process else { return }
    world.network.schedule(
      .evaluable(round: round, life: process.life),
      at: world.now + world.network.pause(10...300))
  }

  /// The model that a round came to is ready for clients to evaluate.
  func evaluable(_ round: Int, life: Int) {
    guard process?.life == life else { return }
    world.note("the model after round \(round) is ready")
    process?.isCalmEvaluation = world.isCalm
    handle(.evaluable(world.digests.evaluated(round: round)))
  }

  /// An evaluation is over: its round is committed in a while.
  func evaluated(_ result: EvaluationResult) {
    guard let process else { return }
    world.note("\(result.scores.count) clients evaluated round \(result.round)")
    check(result)
    world.network.schedule(
      .committed(life: process.life), at: world.now + world.network.pause(10...300))
  }

  /// Checks that each client's scores count once, and are those of the model.
  private func check(_ result: EvaluationResult) {
    if result.round != world.disk.round || process?.closing?.round != result.round {
      world.violate(
        .inOrder,
        "round \(result.round) was evaluated, but \(world.disk.round) is to be committed")
    }
    var scored: Set<Int> = []
    for (client, scores) in result.scores {
      if !scored.insert(client).inserted {
        world.violate(.scored, "client \(client)'s scores count twice")
      }
      if scores != world.digests.scores(client: client, round: result.round) {
        world.violate(
          .scored, "client \(client)'s scores aren't those of round \(result.round)")
      }
    }
    guard process?.isCalmEvaluation == true else { return }
    let left = result.missing + result.declined.map(\.client) + result.refused
    if let client = left.first {
      world.violate(
        .live, "client \(client) didn't evaluate round \(result.round), without a fault")
    }
    // Capped clients and those at work on late updates are left out.
    let rounds = world.scenario.rules.stragglers.maximalStaleness
    let isShallow = world.scenario.shallow != nil
    if result.scores.isEmpty, rounds == 0, !isShallow {
      world.violate(.live, "nobody evaluated round \(result.round), without a fault")
    }
  }

  /// Checks that an evaluation ends by its deadline.
  func checkEvaluation(_ open: HoldOutEvaluation, wake: Duration) {
    if open.deadline <= localTime {
      world.violate(.punctual, "round \(open.phase.round) is evaluated beyond the deadline")
    }
    if wake > open.deadline {
      world.violate(.punctual, "the broker wakes after the evaluation's deadline")
    }
  }
}
