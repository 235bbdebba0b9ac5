import Bytes
import Federation
import Foundation
import LocalTraining
import Runtime
import Synchronization
import TestSupport
import Testing
import Topology
import Wire
import ZeroMQ

/// Workers whose broker sends them something else than a plan that they can follow.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct HostileBrokerTests {
  private static let topology = """
    name: hostile
    clients: 2
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 40, test: 20}
    stages:
      rounds: [1, 1, 1]
    """

  /// The outcome of a worker at a broker that answers so.
  private struct Outcome {
    /// The state in which the worker ended, or the error that it threw.
    var end: Result<WorkerEnd, any Error>
    /// The number of times that it asked for the plan.
    var requests: Int
    /// What it told the broker.
    var declined: [String]
    /// The plans with which its clients asked to join.
    var joins: Set<Digest>
  }

  private static func outcome(
    patience: Duration = .seconds(20),
    _ answers: @escaping (_ request: Int, _ ranges: [Range<Int>]) -> [HandMadeBroker.Answer]
  ) throws -> Outcome {
    let context = try Context()
    let endpoints = try Endpoints(base: "tcp://127.0.0.1:\(try freePorts())")
    let broker = try HandMadeBroker(at: endpoints, in: context, answers: answers)
    var limits = ProtocolLimits()
    limits.joinInterval = .milliseconds(50)
    limits.fetchTimeout = .milliseconds(100)
    let worker = try Worker(
      settings: WorkerSettings(
        endpoints: endpoints, clients: [0, 1], threads: 1, limits: limits, worker: 77,
        patience: patience)
    ) { plan in try Workload(Topology(plan: plan.text, from: "the broker's plan")) }
    let result = Mutex<Result<WorkerEnd, any Error>?>(nil)
    Thread.detachNewThread {
      let end = Result { try worker.run(in: context) }
      result.withLock { $0 = end }
    }
    try broker.play { !broker.joins.isEmpty || result.withLock { $0 != nil } }
    worker.stop()  // nobody answers who joins
    try broker.play { result.withLock { $0 != nil } }
    try broker.play { !broker.declined.isEmpty || result.withLock { (try? $0?.get()) != nil } }
    let end = try #require(result.withLock { $0 })
    return Outcome(
      end: end, requests: broker.requests, declined: broker.declined, joins: Set(broker.joins))
  }

  /// The problem for which a plan can't be had; nil for any other end.
  private func problem(_ outcome: Outcome) -> String? {
    guard case .success(.unusablePlan(let problem)) = outcome.end else { return nil }
    return problem
  }

  @Test func `a plan that is said to be longer than any isn't begun with`() throws {
    let outcome = try Self.outcome { _, _ in
      [(PlanChunk(digest: Digest(of: [1]), total: 1 << 40, offset: 0, length: 1), [1])]
    }
    #expect(
      problem(outcome)?.contains("is said to have 1099511627776 bytes") == true, "\(outcome)")
    #expect(outcome.requests == 1)
  }

  @Test func `bytes that aren't those of the digest are asked for three times`() throws {
    let outcome = try Self.outcome { _, _ in
      [(PlanChunk(digest: Digest(of: [1]), total: 3, offset: 0, length: 3), [1, 2, 3])]
    }
    #expect(problem(outcome)?.contains("aren't those of the plan") == true, "\(outcome)")
    #expect(outcome.requests == 3)
  }

  @Test func `chunks without an end are given up`() throws {
    let payload = [UInt8](repeating: 32, count: 256 << 10)
    let outcome = try Self.outcome { _, _ in
      (0..<100).map { _ in
        (
          PlanChunk(digest: Digest(of: [1]), total: 1 << 20, offset: 0, length: payload.count),
          payload
        )
      }
    }
    #expect(problem(outcome)?.contains("without an end") == true, "\(outcome)")
  }

  @Test func `a broker that never sends its plan is given up, though it is heard`() throws {
    let outcome = try Self.outcome(patience: .seconds(2)) { _, _ in [] }
    #expect(problem(outcome)?.contains("doesn't send its plan") == true, "\(outcome)")
    #expect(outcome.requests > 5)
  }

  @Test func `a plan in lost and late pieces is asked for by what is missing`() throws {
    let plan = PlanBytes(try Topology(parsing: Self.topology, file: "hostile.yaml").plan)
    let asked = Mutex<[[Range<Int>]]>([])
    // Half of it twice, the rest when it is asked for.
    let outcome = try Self.outcome { request, ranges in
      asked.withLock { $0.append(ranges) }
      let half = plan.count / 2
      let parts = request == 0 ? [half..<plan.count, half..<plan.count] : ranges
      return parts.map { range in
        (
          PlanChunk(
            digest: plan.digest, total: plan.count, offset: range.lowerBound, length: range.count),
          Array(plan.bytes.bytes[range])
        )
      }
    }
    #expect(asked.withLock { $0 } == [[], [0..<plan.count / 2]])
    #expect(outcome.joins == [plan.digest])
    #expect(try outcome.end.get() == .stopped)
  }

  @Test(arguments: [
    ("progfed plan 2", "progfed plan 3", "a newer program (format 3); this one knows 2"),
    ("training.batch", "training.bath", "training.bath isn't a key of plans"),
    ("[32, 1, 3, 3]", "[32, 1, 5, 5]", "the plan is of another version of progfed"),
    ("32×1×3×3", "32×1×5×5", "another version of progfed"),
  ])
  func `a plan that this program can't follow is told of here and at the broker`(
    old: String, new: String, words: String
  ) throws {
    let text = try Topology(parsing: Self.topology, file: "hostile.yaml").plan
    guard text.contains(old) else { return }
    let plan = PlanBytes(text.replacing(old, with: new))
    let outcome = try Self.outcome { _, _ in HandMadeBroker.honest(plan) }
    guard case .failure(let error as TopologyError) = outcome.end else {
      Issue.record("it is followed: \(outcome.end)")
      return
    }
    #expect("\(error)".contains(words), "\(error)")
    #expect("\(error)".contains("the broker's plan"), "\(error)")
    let declined = try #require(outcome.declined.first)
    #expect(declined.hasPrefix("can't follow the plan: "), "\(declined)")
    #expect(declined.contains(words), "\(declined)")
  }
}
