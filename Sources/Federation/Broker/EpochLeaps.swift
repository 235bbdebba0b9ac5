import Measures
import Wire

/// The leaps of a broker to a later epoch than it began with, as clients know of one.
///
/// A broker whose record of its epoch was lost, or put back from an old copy, begins with an epoch
/// that clients take for a past one, or for the one that they know: they would ignore it, or never
/// join it. A JOIN of its run tells the latest epoch that took the worker in, or the one before the
/// latest that it heard of. If that is later than the broker's, or is the broker's own though it
/// never took this worker in, the broker goes on with the second epoch after it: the first one may
/// be over as well.
///
/// A JOIN may lie. So a broker leaps by ``farthest`` at once and ``most`` times in all: that brings
/// no epoch near the end of its 32 bits; a later epoch than that is refused.
package struct EpochLeaps: Hashable, Sendable {
  /// The largest leap.
  package static let farthest = 1 << 12
  /// The most leaps of one process.
  package static let most = 16
  /// The end of all epochs.
  package static let end = 1 << 31

  private var count = 0
  /// The workers that were taken in by this process; no more of them are remembered than ``room``.
  private var welcomed: Set<UInt64> = []
  private let room: Int

  /// No leaps yet, of a broker with so many clients.
  package init(clients: Int) { room = 1024 + 4 * clients }

  /// Notes that a worker is taken in.
  package mutating func welcome(_ worker: UInt64) {
    if welcomed.count < room { welcomed.insert(worker) }
  }

  /// The answer to a JOIN that tells of an epoch.
  package enum Answer: Hashable {
    /// Nothing is to be done about it.
    case isFine
    /// The broker goes on with this one.
    case leaps(to: Int)
    /// The JOIN is refused, for this reason.
    case isRefused(detail: String)
  }

  /// Answers a worker that tells of epoch `known`, at the broker's `epoch`.
  package mutating func answer(_ worker: UInt64, known: Int, at epoch: Int) -> Answer {
    let recurs = known == epoch && welcomed.count < room && !welcomed.contains(worker)
    guard known > epoch || recurs else { return .isFine }
    guard known - epoch <= Self.farthest, known < Self.end - 2 else {
      return .isRefused(
        detail: "field epoch is \(known), too far beyond the broker's, which is \(epoch)")
    }
    guard count < Self.most else {
      return .isRefused(
        detail: "field epoch is \(known), and the broker, at \(epoch), was led on \(count) times")
    }
    count += 1
    welcomed = []
    return .leaps(to: known + 2)
  }
}

extension EpochLeaps {
  /// Has `plan` go on with a later epoch if a JOIN of its run knows of one.
  ///
  /// That must be durable before anybody hears of it. All who joined hear it, and join again.
  ///
  /// - Returns: False if the JOIN is refused.
  mutating func follow(
    _ join: Join, _ header: Header, _ plan: inout BrokerPlan, _ actions: inout [BrokerAction]
  ) -> Bool {
    guard header.run == plan.run, header.epoch > 0, let client = header.client else { return true }
    switch answer(join.worker, known: header.epoch, at: plan.epoch) {
    case .isFine: return true
    case .leaps(let epoch):
      plan.epoch = epoch
      actions += [.leap(epoch: epoch), .count("epoch raised by a client")]
      return true
    case .isRefused(let detail):
      actions += plan.refuse(client, .malformed, detail, worker: join.worker)
      return false
    }
  }
}
