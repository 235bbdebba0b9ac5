import Bytes
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

/// A broker that a JOIN leads to a later epoch which can't be recorded.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct UnrecordedEpochTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  private static let topology = """
    name: unrecorded
    clients: 1
    model: {name: convnet}
    data: {name: synthetic, limit: {train: 40, test: 20}}
    stages: {rounds: [1, 1, 1]}
    limits: {announce: 50 ms, gather: 50 ms, join: 50 ms, farewell: 200 ms}
    """

  @Test func `its run ends with the reason, and nobody hears of that epoch`() throws {
    let folder = try Folder()
    let topology = try Topology(
      contentsOf: try folder.write(Self.topology, to: "unrecorded.yaml"))
    let directory = try RunDirectory.create(at: URL(fileURLWithPath: folder.path("run")))
    let broker = try Broker(
      try Workload(topology),
      settings: BrokerSettings(
        endpoints: try Endpoints(base: "inproc://unrecorded"), threads: 1, transport: "inproc",
        run: 5),
      directory: directory, observer: Silence())
    let context = try Context()
    let heard = Mutex<Set<Int>>([])
    let ended = DispatchSemaphore(value: 0)
    let record = directory.paths.epoch
    let error = #expect(throws: LedgerError.self) {
      _ = try broker.run(in: context) { endpoints in
        // Where the record's file was is a folder that nothing is renamed over.
        try? FileManager.default.removeItem(at: record)
        try? FileManager.default.createDirectory(
          at: record.appending(path: "full"), withIntermediateDirectories: true)
        Thread.detachNewThread {
          defer { ended.signal() }
          guard let worker = try? HandMadeWorker(topology, endpoints, clients: 0..<1, in: context)
          else { return }
          worker.hears = { message in _ = heard.withLock { $0.insert(message.header.epoch) } }
          // It was taken in by epoch 9, it says.
          worker.replacement = { message in
            guard case .join = message.body else { return nil }
            var other = message
            (other.header.run, other.header.epoch) = (5, 9)
            return Envelope.frame(other)
          }
          _ = try? worker.play(for: .seconds(5))
        }
      }
    }
    guard case .isFolder? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(ended.wait(timeout: .now() + 60) == .success)
    _ = context.terminate(within: .seconds(5))
    #expect(heard.withLock(\.self).isSubset(of: [1]), "\(heard.withLock(\.self))")
    let log = try String(contentsOf: directory.paths.log, encoding: .utf8)
    #expect(log.contains("\"run failed\"") && log.contains("/epoch"), "\(log)")
  }
}
