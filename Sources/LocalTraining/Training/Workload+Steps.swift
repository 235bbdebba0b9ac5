import Federation
import Topology
package import Wire

extension Workload {
  /// Whether it matters how many steps a client made.
  package var countsSteps: Bool {
    topology.server.averaging == .fednova || topology.training.correction == .scaffold
  }

  /// The most steps that a client of so many samples can make in a round.
  package func mostSteps(samples: Int) -> Int {
    let training = topology.training
    return training.epochs * ((samples + training.batch - 1) / training.batch)
  }

  /// How long an update is when updates are averaged: the same for all unless steps are to be made equal.
  package func length(of offer: Offer) -> Double {
    guard topology.server.averaging == .fednova else { return 1 }
    return topology.training.localSteps.norm(of: offer.steps)
  }
}
