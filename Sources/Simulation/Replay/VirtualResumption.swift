import Foundation
package import Ledger
import LocalTraining
import Server
package import Topology

/// The point from which a run in virtual time goes on.
package struct VirtualResumption: Sendable {
  /// The last round that had ended.
  package let round: Int
  /// The run's topology and number as it began.
  let origin: RunOrigin
  private let state: Checkpoint
  private let place: URL

  /// The newest point of the run in `directory`, which is one of `topology`; nothing is changed.
  ///
  /// Nil if the run can only begin anew.
  ///
  /// - Throws: ``ResumptionError`` for another topology than the run's, `LedgerError`.
  package init?(of directory: RunDirectory, topology: Topology) throws {
    guard let (state, place) = try ResumePointStore(of: directory.paths).latest() else {
      return nil
    }
    let ledger = try RunStore.read(at: RunPaths(place).ledger)
    defer { ledger.close() }
    guard let origin = try ledger.origin() else { return nil }
    let difference = PlanDifference(between: origin.currentPlan, and: topology.runPlan)
    guard difference.isEmpty else {
      throw ResumptionError.otherRun(
        path: directory.paths.directory.path(percentEncoded: false), topology: topology.file,
        difference)
    }
    self.state = state
    self.place = place
    self.origin = origin
    round = state.round
  }

  /// Restores the run's files as they were, and reads the state to go on from.
  ///
  /// - Throws: ``ReplayError`` if another program kept the state, `LedgerError`.
  func restore(_ workload: Workload, in directory: RunPaths) throws -> ResumePoint {
    try ResumePointStore(of: directory).restore(from: place)
    guard let snapshot = FleetSnapshot(state, of: workload, run: origin.run),
      let checkpoint = try CheckpointStore(directory: directory.checkpoints).latest().checkpoint,
      let model = CheckpointState(checkpoint), model.run == origin.run, checkpoint.round == round
    else {
      throw ReplayError.unknown(path: place.path(percentEncoded: false))
    }
    return ResumePoint(
      snapshot: snapshot, model: RestoredModel(checkpoint: checkpoint, state: model),
      place: place)
  }
}

/// The contents of a point from which a run in virtual time goes on.
struct ResumePoint {
  /// The answers so far, and the contents that are still needed.
  let snapshot: FleetSnapshot
  /// The broker's model.
  let model: RestoredModel
  /// The directory in which there is more.
  let place: URL
}
