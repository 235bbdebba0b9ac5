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

  /// The local steps of an update as averaging counts them: ‖a‖₁ in FedNova, else 1 for all.
  package func localSteps(of offer: Offer) -> Double {
    guard topology.server.averaging == .fednova else { return 1 }
    return topology.training.localSteps.norm(of: offer.steps)
  }
}
