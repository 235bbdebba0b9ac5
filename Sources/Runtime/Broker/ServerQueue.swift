import Dispatch
import Federation
import Ledger
import Measures
import Server
import Synchronization
import Wire
import ZeroMQ

/// Runs the rounds of a ``ServerState`` in order and off the loop's thread; answers come through
/// the inbox.
///
/// SAFETY of `@unchecked Sendable`: server and failure are touched only by blocks on `queue`, which
/// is serial.
final class ServerQueue: @unchecked Sendable {
  private let server: ServerState
  private let inbox: Inbox<BrokerInput>
  private let queue = DispatchQueue(label: "progfed.model", qos: .userInitiated)
  private let waiting = Mutex<[Waiting]>([])
  private var failure: (any Error)?

  /// An update that isn't stored yet.
  private struct Waiting {
    var round: Int
    var client: Int
    var attempt: Int
    var submission: Submission
    var bytes: [UInt8]
  }

  /// The most updates that share a wait for the disk.
  private static let batch = 32

  /// A queue before `server` that answers through `inbox`.
  init(_ server: ServerState, inbox: Inbox<BrokerInput>) {
    self.server = server
    self.inbox = inbox
  }

  /// Makes the model of `round`; answers with `prepared`.
  func prepare(round: Int) {
    perform { [self] in
      let (model, steps) = try server.round(round).announce()
      _ = inbox.push(.prepared(model, steps))
    }
  }

  /// Checks a client's update and stores it durably; answers with `stored`.
  ///
  /// Updates that come while others are being stored share one wait for the disk.
  func store(round: Int, client: Int, attempt: Int, submission: Submission, bytes: [UInt8]) {
    let isFirst = waiting.withLock { waiting in
      // Those of the next round come after this one's end.
      let isFirst = !waiting.contains { $0.round == round }
      waiting.append(
        Waiting(
          round: round, client: client, attempt: attempt, submission: submission, bytes: bytes))
      return isFirst
    }
    if isFirst { perform { [self] in try storeWaiting(for: round) } }
  }

  /// Ends a round with the updates that were accepted.
  func close(_ round: ClosedRound) {
    perform { [self] in try server.round(round.result.round).close(round) }
  }

  /// Makes the model that `round` came to ready for clients that evaluate it; answers with
  /// `evaluable`.
  func prepareEvaluation(round: Int) {
    perform { [self] in
      let (model, steps) = try server.round(round).announceEvaluation()
      _ = inbox.push(.evaluable(model, steps))
    }
  }

  /// Ends an evaluation by clients, and with it its round.
  func conclude(_ evaluation: ClosedEvaluation) {
    perform { [self] in try server.round(evaluation.result.round).conclude(evaluation) }
  }

  /// Keeps the number of a client's training samples of each label.
  func keep(labels: [Int], of client: Int) {
    perform { [self] in try server.keep(labels: labels, of: client) }
  }

  /// Makes one normalization of clients' sums and keeps it; answers with `normalized`.
  func normalize(_ result: MeasuringResult) {
    perform { [self] in
      _ = inbox.push(.normalized(try server.normalize(result)))
    }
  }

  /// Keeps what both meters counted up to the end of `round`.
  func note(_ reading: MeterReading, after round: Int) {
    perform { [self] in try server.note(reading, after: round) }
  }

  /// Waits for all work, books what crossed after the last round, and keeps the model.
  ///
  /// - Throws: what went wrong in earlier work, or `LedgerError`.
  func finish(state: RunState, book: RoundBook, elapsed: Duration) throws {
    try queue.sync {
      if let failure { throw failure }
      try server.finish(state: state, book: book, elapsed: elapsed)
    }
  }

  private func storeWaiting(for round: Int) throws {
    let updates = waiting.withLock { waiting in
      defer { waiting.removeAll { $0.round == round } }
      return waiting.filter { $0.round == round }
    }
    for start in stride(from: 0, to: updates.count, by: Self.batch) {
      let batch = updates[start..<min(start + Self.batch, updates.count)]
      let results = try batch.map { update in
        try server.round(round).validate(
          update.bytes, of: update.client, attempt: update.attempt, update.submission)
      }
      if results.contains(.accepted) { try server.sync() }
      for (update, result) in zip(batch, results) {
        _ = inbox.push(.stored(round: update.round, client: update.client, result))
      }
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
