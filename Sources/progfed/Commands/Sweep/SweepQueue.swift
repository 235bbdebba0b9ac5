import ArgumentParser
import Foundation
import Ledger
import Measures
import Reports
import Synchronization
import Topology

/// Runs the simulations of a sweep, each in a process of its own, several at a time.
final class SweepQueue: Sendable {
  private struct State {
    var next = 0
    var running: [Int32] = []
    var isStopped = false
    var fruitless: [String] = []
    var failures: [(run: String, status: Int32)] = []
  }

  private let plan: SweepPlan
  private let runs: [SweepRun]
  private let threads: Int
  private let cache: ByteCount?
  private let isQuiet: Bool
  private let state = Mutex(State())

  /// A queue that hasn't begun.
  ///
  /// - Parameters:
  ///   - plan: Says where each run is, and what it changes.
  ///   - runs: The runs.
  ///   - threads: How many clients of a run train at the same time.
  ///   - cache: The memory that clients' own samples may take in each run; nil where there are
  ///     none.
  ///   - isQuiet: True if only errors are shown.
  init(plan: SweepPlan, runs: [SweepRun], threads: Int, cache: ByteCount?, isQuiet: Bool) {
    self.plan = plan
    self.runs = runs
    self.threads = threads
    self.cache = cache
    self.isQuiet = isQuiet
  }

  /// True once it was told to stop.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// The names of the runs in which no update counted.
  var fruitless: [String] { state.withLock { $0.fruitless.sorted() } }

  /// Runs all that isn't finished; returns the names of the runs that failed, and the statuses that
  /// they ended with.
  func run(jobs: Int) -> [(run: String, status: Int32)] {
    let group = DispatchGroup()
    for _ in 0..<min(jobs, runs.count) {
      DispatchQueue.global().async(group: group) {
        while let index = self.take() { self.work(on: index) }
      }
    }
    group.wait()
    return state.withLock { $0.failures.sorted { $0.run < $1.run } }
  }

  /// Begins no further run and interrupts those that go on.
  func stop() {
    let running = state.withLock { state in
      state.isStopped = true
      return state.running
    }
    for process in running { kill(process, SIGINT) }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard !state.isStopped, state.next < runs.count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  private func work(on index: Int) {
    let run = runs[index]
    do {
      let before = try plan.summary(of: run)
      if let before, before.state.isFinished {
        return conclude(index, before, "is there already")
      }
      try plan.begin(run)
      let (status, signal) = try simulate(run, isBegun: before != nil, index: index)
      guard !isStopped else { return say(index, "interrupted") }
      let summary = try plan.summary(of: run)
      guard let summary, summary.state.isFinished else {
        let problem = summary?.problem.map { "\($0): " } ?? ""
        let end = signal.map { "was ended by signal \($0)" } ?? "failed with status \(status)"
        return fail(
          index, "\(problem)\(end); see \(plan.log(of: run).relativePath)", status: status)
      }
      let reason = summary.untestedReason.map { ": \($0)" } ?? ""
      let accuracy =
        summary.final.accuracy.map { "accuracy \((100 * $0).fixed(2)) %, " }
        ?? "not evaluated\(reason), "
      conclude(
        index, summary,
        "\(accuracy)\(summary.totals.traffic.wire) both ways, \(summary.elapsed.brief)")
    } catch {
      fail(index, "\(error)", status: Exit.status(of: error).rawValue)
    }
  }

  /// Runs the simulation to its end and returns its exit status, and the signal that ended it, if
  /// one did.
  private func simulate(
    _ run: SweepRun, isBegun: Bool, index: Int
  ) throws -> (status: Int32, signal: Int32?) {
    say(index, isBegun ? "goes on, as it was interrupted" : "begins")
    let log = plan.log(of: run)
    try DurableFile.write(Data(), to: log)
    let output: FileHandle
    do { output = try FileHandle(forWritingTo: log) } catch {
      throw DurableFile.translated(error, "open", log)
    }
    defer { try? output.close() }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments(for: run, isBegun: isBegun)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    do { try process.run() } catch {
      throw DurableFile.translated(error, "start", process.executableURL ?? log)
    }
    let number = process.processIdentifier
    let isStopped = state.withLock { state in
      state.running.append(number)
      return state.isStopped
    }
    if isStopped { kill(number, SIGINT) }
    process.waitUntilExit()
    state.withLock { $0.running.removeAll { $0 == number } }
    guard process.terminationReason == .exit else {
      return (Exit.bug.rawValue, process.terminationStatus)
    }
    return (process.terminationStatus, nil)
  }

  private func arguments(for run: SweepRun, isBegun: Bool) -> [String] {
    let directory = plan.directory(of: run).path(percentEncoded: false)
    return ["simulate", run.topology, "--quiet", "--threads", "\(threads)"]
      + plan.options(of: run) + (cache.map { ["--cache", "\($0.bytes)B"] } ?? [])
      + [isBegun ? "--resume" : "--out", directory]
  }

  /// Says what a finished run came to.
  private func conclude(_ index: Int, _ summary: RunSummary, _ text: String) {
    guard let problem = summary.problem else { return say(index, text) }
    state.withLock { $0.fruitless.append(runs[index].name) }
    say(index, problem, isError: true)
  }

  private func fail(_ index: Int, _ text: String, status: Int32) {
    state.withLock { $0.failures.append((runs[index].name, status)) }
    say(index, text, isError: true)
  }

  private func say(_ index: Int, _ text: String, isError: Bool = false) {
    guard !isQuiet || isError else { return }
    let line = "[\(index + 1)/\(runs.count)] \(runs[index].name): \(text)\n"
    Terminal.write(line)
  }
}
