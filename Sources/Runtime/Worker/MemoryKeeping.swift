import Federation
import Foundation
import Ledger
import LocalTraining
import Wire

/// The keeping of what a client remembers if the update of a task counts.
///
/// It comes before the update is offered: an update that counts while its memory is lost with the
/// worker would have the client send again what it sent, or never what it left out.
struct MemoryKeeping {
  /// The client.
  let client: Int
  /// The task for which the update was trained.
  let task: ClientTask
  /// The update's offer.
  let offer: Offer

  /// The time between two tries.
  private static let pause = 0.5

  /// Keeps a memory, again and again while the disk refuses, on the thread of a training: where it
  /// is full, no other client could keep anything either.
  ///
  /// - Returns: False if the update isn't needed any more.
  func keep(
    _ memory: ClientMemory, in memories: ClientStore, _ cancellation: Cancellation,
    _ report: (WorkerReport) -> Void
  ) -> Bool {
    let mark = CountedUpdate(offer, round: task.round)
    var isFirst = true
    while !cancellation.isCancelled {
      do throws(ClientStoreError) {
        try memories.keep(memory, of: client, as: mark, after: task.counted)
        KillPoint.memoryKept.pass()
        return true
      } catch {
        if isFirst {
          report(.cannotKeep(client: client, round: task.round, detail: "\(error)"))
        }
        isFirst = false
        Thread.sleep(forTimeInterval: Self.pause)
      }
    }
    return false
  }
}
