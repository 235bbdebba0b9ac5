import Federation
import Foundation
import Ledger
import LocalTraining
import Runtime
import Server
import Synchronization
import TestSupport
import Testing
import Topology
import Wire
import ZeroMQ

/// Clients that claim or send what can't be, against the broker itself: told by name, and nobody
/// waits for them.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct ForeignClaimTests {
  /// Stops its broker once a round has ended.
  private final class Watch: RunObserver {
    let last: Int
    let broker = Mutex<Broker?>(nil)

    init(stoppingAfter last: Int) { self.last = last }

    func closed(_ progress: RunProgress) {
      if progress.record.round == last { broker.withLock { $0?.stop() } }
    }
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// Four clients of 10 samples, which wait for each other for an hour.
  private static let topology = """
    name: claims
    clients: 4
    model:
      name: convnet
    data:
      name: synthetic
      limit: {train: 40, test: 20}
    stages:
      rounds: [6, 1, 1]
      warmUp: 0
    participation: {minimum: 4, deadline: 1 h}
    training: {batch: 20}
    limits: {announce: 50 ms, gather: 50 ms, join: 50 ms, offer: 100 ms, farewell: 200 ms}
    """

  /// Runs a broker and a hand-made worker, and gives what the worker was told.
  private static func run(
    _ topology: Topology, in folder: Folder, clients: Range<Int> = 0..<4,
    stoppingAfter last: Int = .max, resuming: Bool = false,
    _ prepare: @escaping @Sendable (HandMadeWorker) -> Void
  ) throws -> (refusals: [String], ends: [ClientEnd]) {
    let url = URL(fileURLWithPath: folder.path("run"))
    let directory = resuming ? try RunDirectory.open(at: url) : try RunDirectory.create(at: url)
    defer { directory.release() }
    let watch = Watch(stoppingAfter: last)
    let broker = try Broker(
      try Workload(topology),
      settings: BrokerSettings(
        endpoints: try Endpoints(base: "inproc://claims"), threads: 1, transport: "inproc", run: 5),
      directory: directory, observer: watch,
      resumption: resuming ? try Resumption(of: directory, topology: topology) : nil)
    watch.broker.withLock { $0 = broker }
    let context = try Context()
    let outcome = Mutex<(refusals: [String], ends: [ClientEnd], failure: String?)>(([], [], nil))
    let ended = DispatchSemaphore(value: 0)
    _ = try broker.run(in: context) { endpoints in
      Thread.detachNewThread {
        do {
          let worker = try HandMadeWorker(topology, endpoints, clients: clients, in: context)
          prepare(worker)
          let isOver = try worker.play()
          let (refusals, ends) = (worker.refusals, worker.ends)
          outcome.withLock { $0 = (refusals, ends, isOver ? nil : "it isn't over") }
        } catch { outcome.withLock { $0.failure = "\(error)" } }
        ended.signal()
      }
    }
    watch.broker.withLock { $0 = nil }
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    let (refusals, ends, failure) = outcome.withLock { $0 }
    #expect(failure == nil)
    return (refusals, ends)
  }

  private func rounds(_ folder: Folder) throws -> [RoundSummary] {
    let store = try RunStore.read(at: RunPaths(URL(fileURLWithPath: folder.path("run"))).ledger)
    defer { store.close() }
    return try store.summary().rounds
  }

  @Test func `what can't be is refused by the field's name, and no round waits for it`() throws {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(Self.topology, to: "claims.yaml"))
    let (refusals, ends) = try Self.run(topology, in: folder) { worker in
      worker.claim = { client, round, offer in
        guard client == 0 else { return }
        if round == 1 { offer.loss = .nan }
        if round == 3 { offer.samples = 1 << 48 - 1 }
        if round == 4 { offer.samples = 11 }
        if round == 5 { offer.loss = 3e38 }
      }
      worker.replacement = { message in
        guard message.header.client == 0, case .offer = message.body else { return nil }
        if message.header.round == 2 { return HandMadeWorker.forge(message.header) }
        guard message.header.round == 6 else { return nil }
        var other = message
        other.header.stage = 2
        return Envelope.frame(other)
      }
    }
    #expect(
      refusals == [
        "1 0 malformed update: field loss isn't a finite number",
        "2 0 malformed update: field body is lacking, or isn't for this side",
        "3 0 malformed update: field samples is 281474976710655, beyond 10, the samples that "
          + "client 0 was dealt",
        "4 0 malformed update: field samples is 11, beyond 10, the samples that client 0 was dealt",
        "5 0 malformed update: field loss is 3e+38; a mean loss is from 0 to 10.0 (training.lossLimit)",
        "6 0 malformed update: field stage is 2; the base is that of stage 1",
      ])
    #expect(ends == [.complete, .complete, .complete, .complete])
    let rounds = try rounds(folder)
    #expect(rounds.map(\.refused) == [1, 1, 1, 1, 1, 1, 0, 0])
    #expect(rounds.map(\.accepted) == [3, 3, 3, 3, 3, 3, 4, 4])
  }

  @Test func `a request to join whose plan isn't a digest is answered at once, for good`() throws {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(
        Self.topology.replacing("minimum: 4", with: "minimum: 3, joinTimeout: 1 s"),
        to: "claims.yaml"))
    let (_, ends) = try Self.run(topology, in: folder) { worker in
      worker.replacement = { message in
        guard message.header.client == 3, case .join = message.body else { return nil }
        // JOIN of worker 1 with a plan of two bytes.
        return HandMadeWorker.forge(
          message.header, [0x82, 1, 13, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0x12, 2, 7, 7])
      }
    }
    let detail = "field plan isn't a SHA-256 digest of 32 bytes"
    #expect(ends.first == .refused(.wrongPlan, detail: detail))
    #expect(ends.dropFirst() == [.complete, .complete, .complete])
    #expect(try rounds(folder).map(\.accepted) == Array(repeating: 3, count: 8))
  }

  @Test func `an update far beyond those before is refused, also after a restart of the broker`()
    throws
  {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(Self.topology, to: "claims.yaml"))
    let values: @Sendable (Int, Int) -> Float = { client, round in
      guard client == 0 else { return 1 }
      return [1: 1e30, 2: 9, 3: 9.5, 4: 10.5, 5: 1e30, 6: 9.9][round] ?? 1
    }
    let first = try Self.run(topology, in: folder, stoppingAfter: 3) { $0.value = values }
    #expect(first.refusals.count == 1)
    let room = try #require(first.refusals.first)
    #expect(room.hasPrefix("1 0 norm beyond the limit: a norm of 1e+30"), "\(room)")
    #expect(room.contains("while too few updates are known"), "\(room)")
    let second = try Self.run(topology, in: folder, resuming: true) { $0.value = values }
    // What the first broker accepted is what the second one compares with.
    #expect(
      second.refusals == [
        "4 0 norm beyond the limit: a norm of 10.500; the limit is 10.000, 10.000 times the median "
          + "of the 11 updates before (limits.normMultiple)",
        "5 0 norm beyond the limit: a norm of 1e+30; the limit is 10.000, 10.000 times the median "
          + "of the 14 updates before (limits.normMultiple)",
      ])
    #expect(try rounds(folder).map(\.refused) == [1, 0, 0, 1, 1, 0, 0, 0])
  }
}
