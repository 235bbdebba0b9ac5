import Foundation
import TestSupport
import Testing

/// Workers with nothing to do, and what the broker knows of them.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct IdleWorkerTests {
  private let folder: Folder
  private let endpoint: String

  init() throws {
    folder = try Folder()
    endpoint = "tcp://127.0.0.1:\(try freePorts())"
  }

  private func worker(_ clients: String, _ more: String...) throws -> Command {
    try Command(["worker"] + more + ["--connect", endpoint, "--clients", clients])
  }

  @Test
  func `an idle worker that loses its power is named in time, one that lives isn't`() throws {
    let text = TinyRun.topology()
      .replacing("  farewell: 500 ms", with: "  farewell: 2 s\n  heartbeat: 500 ms\n  silence: 3 s")
    let topology = try folder.write(text, to: "tiny.yaml")
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"),
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    // The fourth client never comes: no round opens. By the broker's plan, which leaves limits out,
    // the second one says nothing for ten seconds unless it is asked.
    let first = try worker("0-1", topology, "--name", "barn-1")
    let second = try worker("2", "--name", "barn-2")
    #expect(first.says("all 2 clients joined"), "\(first.standardError)")
    #expect(second.says("all 1 clients joined"), "\(second.standardError)")
    #expect(broker.says("here: worker barn-2"), "\(broker.standardError)")
    Thread.sleep(forTimeInterval: 6)
    #expect(!broker.standardError.contains("nothing heard"), "\(broker.standardError)")
    // A process that is stopped keeps its connections and says nothing, as a host without power.
    first.send(SIGSTOP)
    let silent = "nothing heard for 3.00 s of worker barn-1 at 127.0.0.1, with 2 clients: 0-1"
    #expect(broker.says(silent, within: 20), "\(broker.standardError)")
    #expect(!broker.standardError.contains("of worker barn-2"), "\(broker.standardError)")
    let status = try Command(["status", folder.path("run")])
    #expect(status.status(within: 20) == 0, "\(status.standardError)")
    #expect(status.standardOutput.contains("silent 2"), "\(status.standardOutput)")
    first.send(SIGCONT)
    #expect(broker.says("heard again: worker barn-1", within: 20), "\(broker.standardError)")
    broker.send(SIGTERM)
    #expect(broker.status(within: 30) == 130, "\(broker.standardError)")
    for worker in [first, second] { _ = worker.status(within: 30) }
    let log = try String(contentsOfFile: folder.path("run/log.jsonl"), encoding: .utf8)
    let event = "\"event\":\"worker silent\",\"worker\":\"barn-1\",\"clients\":\"0-1\""
    #expect(log.contains(event), "\(log)")
  }
}
