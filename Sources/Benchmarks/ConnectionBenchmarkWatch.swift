import Federation
import Foundation
import Ledger
import Measures
import Server
import Synchronization

/// Watches the one round of a ``ConnectionBenchmark``.
final class ConnectionBenchmarkWatch: RunObserver {
  private struct State {
    var began: ContinuousClock.Instant?
    var opened: ContinuousClock.Instant?
    var closed: ContinuousClock.Instant?
    var accepted = 0
    var memoryBefore = 0
    var memoryJoined = 0
    var memoryAfter = 0
    var descriptors = 0
    var onClosed: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Notes what the process takes before anybody connects.
  func begin() {
    state.withLock {
      $0.began = .now
      $0.memoryBefore = Self.residentBytes
    }
  }

  /// Has `action` done when the round is over.
  func onClosed(_ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.onClosed = action }
  }

  func closed(_ progress: RunProgress) {
    let action = state.withLock { state in
      guard state.closed == nil else { return nil as (@Sendable () -> Void)? }
      state.closed = .now
      state.accepted = progress.record.accepted
      state.memoryAfter = Self.residentBytes
      state.descriptors =
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
      return state.onClosed
    }
    action?()
  }

  func noticed(_ notice: BrokerNotice) {
    guard case .opened = notice else { return }
    state.withLock { state in
      guard state.opened == nil else { return }
      state.opened = .now
      state.memoryJoined = Self.residentBytes
    }
  }

  /// True if the round is over.
  var isClosed: Bool { state.withLock { $0.closed != nil } }

  func collapsed(round: Int, stage: Int, accuracy: Double) {}

  /// The figures that were seen.
  func result(
    of benchmark: ConnectionBenchmark, planBytes: Int
  ) throws(ConnectionBenchmarkError) -> ConnectionBenchmark.Result {
    let state = state.withLock { $0 }
    guard let began = state.began, let opened = state.opened, let closed = state.closed else {
      throw .noRound
    }
    let workers = benchmark.workers
    return ConnectionBenchmark.Result(
      workers: workers, isEncrypted: benchmark.isEncrypted, fetchedPlan: benchmark.fetchesPlan,
      planBytes: planBytes, joinSeconds: (opened - began).seconds,
      roundSeconds: (closed - opened).seconds, accepted: state.accepted,
      joinedKilobytesPerWorker: Double(state.memoryJoined - state.memoryBefore)
        / Double(workers) / 1000,
      memoryPerWorkerKilobytes: Double(state.memoryAfter - state.memoryBefore)
        / Double(workers) / 1000,
      openDescriptors: state.descriptors)
  }

  /// The memory of this process that is resident now.
  private static var residentBytes: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    let words = line.split { $0 == " " || $0 == "\t" }
    return words.count == 3 ? (Int(words[1]) ?? 0) << 10 : 0
  }
}

/// The reason why there is nothing to report.
package enum ConnectionBenchmarkError: Error, CustomStringConvertible {
  /// The broker ended before its round was over.
  case noRound
  /// The process that played these clients ended before that.
  case workersEnded(Range<Int>)

  /// The fault and its cure, in words.
  package var description: String {
    switch self {
    case .noRound:
      "the broker ended before the round was over; try again with fewer connections"
    case .workersEnded(let clients):
      "the process of workers \(clients.lowerBound) to \(clients.upperBound - 1) ended before the round was over; try fewer connections"
    }
  }
}
