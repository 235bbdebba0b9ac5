import Foundation
import Synchronization

/// A named place before or after a durable step, at which a test has the process kill itself.
///
/// `PROGFED_KILL_AT=checkpoint-written:3` raises SIGKILL at the third passing, as if the power had
/// gone there; `PROGFED_TRAP_AT` has a precondition fail in the same way. Without the variables a
/// passing costs one comparison.
package enum KillPoint: String, CaseIterable, Sendable {
  /// A broker's incarnation is in the ledger; nothing is bound yet.
  case epochBegun = "epoch-begun"
  /// The sums of all clients are here, and nothing of them is kept.
  case sumsReported = "sums-reported"
  /// The normalization of the clients' samples is in the ledger, and nobody was told of it.
  case normalizationKept = "normalization-kept"
  /// A round was announced for the first time.
  case roundOpened = "round-opened"
  /// Chunks of the model were handed to the socket.
  case modelSent = "model-sent"
  /// A whole update is here, and isn't in the spool.
  case updateArrived = "update-arrived"
  /// An update is in the spool's file, but perhaps not on the disk.
  case updateAppended = "update-appended"
  /// An update is on the disk, and isn't acknowledged.
  case updateStored = "update-stored"
  /// The acknowledgement of an update was handed to the socket.
  case updateAcknowledged = "update-acknowledged"
  /// A round is over; nothing is aggregated.
  case roundClosed = "round-closed"
  /// The next model is in memory alone.
  case roundAggregated = "round-aggregated"
  /// Clients were asked to evaluate the model of a round that isn't kept.
  case evaluationOpened = "evaluation-opened"
  /// All scores of a round's model are here, and nothing of them is kept.
  case evaluationClosed = "evaluation-closed"
  /// A round is in the ledger, and its model isn't in a checkpoint.
  case ledgerCommitted = "ledger-committed"
  /// The best model so far has its file; no checkpoint tells of it.
  case bestSaved = "best-saved"
  /// A checkpoint is on the disk, and doesn't have its name.
  case checkpointWritten = "checkpoint-written"
  /// A checkpoint has its name; those before it and the spool are as they were.
  case checkpointRenamed = "checkpoint-renamed"
  /// The updates of the round that ended are gone.
  case spoolCleared = "spool-cleared"
  /// The final model has its file; the ledger doesn't know of the run's end.
  case modelSaved = "model-saved"
  /// The ledger knows of the run's end.
  case runFinished = "run-finished"
  /// A worker received a chunk of the model.
  case chunkReceived = "chunk-received"
  /// A client of a worker begins to train.
  case trainingBegun = "training-begun"
  /// The memory that comes with a client's update is on the disk, and nobody knows of the update.
  case memoryKept = "memory-kept"
  /// A worker has an update that nobody knows of.
  case updateTrained = "update-trained"
  /// A worker handed a chunk of an update to its socket.
  case chunkSent = "chunk-sent"

  /// The variables of the environment that arm a point by its name, a colon, and which passing: to
  /// be killed there, or to have a precondition fail.
  private static let variables = (kill: "PROGFED_KILL_AT", trap: "PROGFED_TRAP_AT")

  private static let armed: (point: KillPoint, passing: Int, traps: Bool)? = {
    let environment = ProcessInfo.processInfo.environment
    let trap = environment[variables.trap]
    let parts = (environment[variables.kill] ?? trap)?.split(separator: ":") ?? []
    guard parts.count == 2, let point = KillPoint(rawValue: String(parts[0])),
      let passing = Int(parts[1])
    else { return nil }
    return (point, passing, environment[variables.kill] == nil)
  }()

  private static let passings = Atomic(0)

  /// Goes on, or ends the process at once if this passing was armed.
  package func pass() {
    guard let armed = Self.armed, armed.point == self,
      Self.passings.add(1, ordering: .relaxed).newValue == armed.passing
    else { return }
    precondition(!armed.traps, "PROGFED_TRAP_AT names passing \(armed.passing) of \(rawValue)")
    kill(getpid(), SIGKILL)
  }
}
