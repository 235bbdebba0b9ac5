import Dispatch
import Foundation
import Ledger
import Reports

/// The present state of a run's ledger, read anew only when its file has changed.
///
/// SAFETY of `@unchecked Sendable`: all mutable state is touched only by blocks on `queue`, which
/// is serial. Nothing of the run waits for it: SQLite's readers don't stop its writer.
final class RunSnapshots: @unchecked Sendable {
  /// The run at one moment, in all forms that are served.
  struct Snapshot: Sendable {
    /// Counts the changes.
    let version: Int
    /// True while the run goes on.
    let isRunning: Bool
    /// The number of rounds that have ended.
    let rounds: Int
    /// The whole live page.
    let page: [UInt8]
    /// The event that brings the contents of the page's `main`.
    let change: [UInt8]
    /// The run's JSON object.
    let json: [UInt8]
    /// The figures for Prometheus.
    let metrics: String
  }

  private let ledger: URL
  private let queue = DispatchQueue(label: "progfed.live", qos: .utility)
  private var last: Snapshot?
  private var state: [FileState] = []

  /// The size and date of a file, to tell when it has changed.
  private struct FileState: Equatable {
    let size: Int?
    let date: Date?
  }

  /// Snapshots of the ledger at `ledger`, which may come to be later.
  init(_ ledger: URL) { self.ledger = ledger }

  /// The run as it is now; nil while there is none.
  func current() async -> Snapshot? {
    await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: refreshed()) }
    }
  }

  private func refreshed() -> Snapshot? {
    // In write-ahead mode, the changes are in the file beside it until they are folded in.
    let now = ["", "-wal"].map(look(at:))
    guard now != state || last == nil else { return last }
    do {
      let store = try RunStore.read(at: ledger)
      defer { store.close() }
      let summary = try store.summary()
      let report = HTMLReport(
        summary, clients: try store.clients(), labels: try store.labels())
      last = Snapshot(
        version: (last?.version ?? 0) + 1, isRunning: summary.state == .running,
        rounds: summary.rounds.count, page: Array(report.liveText().utf8),
        change: LiveEvent.bytes("content", report.content()), json: Array(try summary.json().utf8),
        metrics: Metrics.text(summary))
      state = now
    } catch {
      // Not there yet, or being moved into place: the next look will see.
    }
    return last
  }

  private func look(at suffix: String) -> FileState {
    let path = ledger.path(percentEncoded: false) + suffix
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return FileState(
      size: attributes?[.size] as? Int, date: attributes?[.modificationDate] as? Date)
  }
}
