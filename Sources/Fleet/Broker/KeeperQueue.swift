import Dispatch
import Federation
import Ledger
import Measures
import Wire
import ZeroMQ

/// Has a ``ModelKeeper`` work in order and off the loop's thread; answers come through the inbox.
///
/// SAFETY of `@unchecked Sendable`: keeper and failure are touched only by blocks on `queue`, which is
/// serial.
final class KeeperQueue: @unchecked Sendable {
  private let keeper: ModelKeeper
  private let inbox: Inbox<BrokerInput>
  private let queue = DispatchQueue(label: "progfed.model", qos: .userInitiated)
  private var failure: (any Error)?

  /// A queue before `keeper` that answers through `inbox`.
  init(_ keeper: ModelKeeper, inbox: Inbox<BrokerInput>) {
    self.keeper = keeper
    self.inbox = inbox
  }

  /// Makes the model of `round`; answers with `prepared`.
  func prepare(round: Int) {
    perform { [self] in
      let (model, steps) = try keeper.prepare(round: round)
      _ = inbox.push(.prepared(model, steps))
    }
  }

  /// Checks a client's update and stores it durably; answers with `stored`.
  func store(round: Int, client: Int, attempt: Int, offer: Offer, bytes: [UInt8]) {
    perform { [self] in
      let result = try keeper.store(
        round: round, client: client, attempt: attempt, offer: offer, bytes: bytes)
      _ = inbox.push(.stored(round: round, client: client, result))
    }
  }

  /// Aggregates the accepted updates of a round, evaluates if it is due, and books the round.
  func close(_ result: RoundResult, book: RoundBook, total: TwoWayTraffic, elapsed: Duration) {
    perform { [self] in
      try keeper.close(result, book: book, total: total, elapsed: elapsed)
    }
  }

  /// Waits for all work, books what crossed after the last round, and keeps the model.
  ///
  /// - Throws: what went wrong in earlier work, or `LedgerError`.
  func finish(state: RunState, book: RoundBook, elapsed: Duration) throws {
    try queue.sync {
      if let failure { throw failure }
      try keeper.finish(state: state, book: book, elapsed: elapsed)
    }
  }

  private func perform(_ work: @escaping @Sendable () throws -> Void) {
    queue.async { [self] in
      guard failure == nil else { return }
      do {
        try work()
      } catch {
        failure = error
        _ = inbox.push(.failed(error))
      }
    }
  }
}
