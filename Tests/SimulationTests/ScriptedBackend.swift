import Bytes
import Federation
import Foundation
import Ledger
import LocalTraining
import Progressive
import Server
import Simulation
import Wire

/// A backend whose answers follow from what it is asked, and that counts its work.
final class ScriptedBackend: ResumableBackend {
  private let schedule: GrowthSchedule
  /// The work that it was asked for, in order.
  private(set) var work: [String] = []
  private(set) var lastRound: Int?
  let memoryBytes = 0
  let isReplaying = false

  init(_ schedule: GrowthSchedule) { self.schedule = schedule }

  func phase(in round: Int) -> Phase { schedule.phase(in: round) }

  func snapshot(in place: URL) -> FleetSnapshot { FleetSnapshot() }

  func samples(of client: Int) -> Int { 10 * client }

  func prepare(round: Int) -> PreparedModel {
    work.append("prepare \(round)")
    let segment = Segment(
      name: "block1", state: Digest(of: [UInt8(round)]), trained: true, steps: [])
    return PreparedModel(phase: phase(in: round), segments: [segment], updateLimit: 2)
  }

  func begin(_ task: ClientTask, client: Int, isLikely: Bool) -> any PendingUpdate {
    work.append("begin \(client)")
    return Training(bytes: [UInt8(task.round), UInt8(client)])
  }

  func store(
    round: Int, client: Int, attempt: Int, _ submission: Submission, _ update: ClientUpdate
  ) -> StoreResult {
    work.append("store \(client)")
    return client == 2 ? .refused(.malformed, detail: "of client 2") : .accepted
  }

  func keep(
    _ update: ClientUpdate, of client: Int, as mark: CountedUpdate, after base: CountedUpdate?
  ) { work.append("keep \(client)") }

  func close(_ round: ClosedRound) {
    work.append("close \(round.result.round)")
    lastRound = round.result.round
  }

  func heldOut(of client: Int) -> Int { 1 }

  func prepareEvaluation(round: Int) -> PreparedModel {
    work.append("prepare evaluation \(round)")
    return PreparedModel(phase: phase(in: round), segments: [], updateLimit: 0)
  }

  func beginEvaluation(_ task: ClientTask, client: Int) -> any PendingScores {
    work.append("evaluate \(client)")
    return Scores()
  }

  func conclude(_ evaluation: ClosedEvaluation) {
    work.append("conclude \(evaluation.result.round)")
  }

  func sums(of client: Int) -> LocalSums { .failed(.noData, detail: "") }

  func normalize(_ result: MeasuringResult) -> FederatedNormalization {
    work.append("normalize")
    return FederatedNormalization(means: [0], deviations: [1])
  }

  private struct Scores: PendingScores {
    func outcome() -> LocalScores { .failed(.noData, detail: "") }
    func cancel() {}
  }

  func suspend() {}

  func finish(state: RunState, book: RoundBook, elapsed: Duration, wallClock: Duration) {
    work.append("finish")
  }

  private struct Training: PendingUpdate {
    var bytes: [UInt8]

    func begin() {}

    func outcome() -> TrainingResult {
      guard bytes[1] != 3 else { return .failed(.noData, detail: "client 3 has none") }
      let offer = Offer(
        length: bytes.count, digest: Digest(of: bytes), samples: 1, base: Digest(of: [0]),
        loss: .nan, steps: 1, skippedSteps: 0)
      return .trained(offer, ClientUpdate(SharedBuffer(bytes)))
    }

    func cancel() {}
  }
}
