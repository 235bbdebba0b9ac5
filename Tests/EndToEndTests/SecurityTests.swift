import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct SecurityTests {
  private let folder: Folder
  private let topology: String
  private let port: Int
  private let keys: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    port = try freePorts()
    keys = folder.path("keys")
    try make("broker", "--out", keys)
    for (name, clients) in [("edge-1", "0-3"), ("edge-2", "4-7")] {
      try make("worker", name, "--clients", clients, "--out", keys, "--allow", list)
    }
    try make("worker", "rogue", "--clients", "0-7", "--out", keys)
  }

  private var list: String { "\(keys)/allow.list" }

  private func make(_ arguments: String...) throws {
    let command = try Command(["keys"] + arguments)
    #expect(command.status(within: 20) == 0, "\(command.standardError)")
  }

  private func broker(_ topology: String? = nil) throws -> Command {
    let broker = try Command([
      "broker", topology ?? self.topology, "--bind", "tcp://127.0.0.1:\(port)", "--out",
      folder.path("run"), "--json", "--keys", "\(keys)/broker.secret", "--allow", list,
      "--log-level", "debug",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    return broker
  }

  private func worker(
    _ clients: String, as name: String?, trusting broker: String = "broker",
    _ topology: String? = nil
  ) throws -> Command {
    var arguments = [
      "worker", topology ?? self.topology, "--connect", "tcp://127.0.0.1:\(port)", "--clients",
      clients, "--threads", "1",
    ]
    if let name { arguments += ["--keys", "\(keys)/\(name).secret"] }
    if name != nil { arguments += ["--broker-key", "\(keys)/\(broker).public"] }
    return try Command(arguments)
  }

  @Test func `who may not come in is refused, counted and told why, and nobody else notices`()
    throws
  {
    let plain = try Command([
      "simulate", topology, "--out", folder.path("plain"), "--json", "--quiet",
    ])
    #expect(plain.status() == 0, "\(plain.standardError)")

    let broker = try broker()
    // One of the two that may come in: the round waits for the other.
    let first = try worker("0-3", as: "edge-1")
    for (worker, complaint) in [
      (try worker("0-7", as: "rogue"), "isn't on the allow-list"),
      (try worker("0-7", as: nil), "give --keys"),
      (try worker("4-7", as: "edge-2", trusting: "rogue"), "--broker-key"),
      // A client that nobody plays yet, and one that another worker plays meanwhile.
      (try worker("4", as: "edge-1"), "may play clients 0-3, not 4"),
      (try worker("0", as: "edge-2"), "may play clients 4-7, not 0"),
    ] {
      #expect(worker.status(within: 40) == 69, "\(complaint): \(worker.standardError)")
      #expect(worker.standardError.contains(complaint), "\(worker.standardError)")
    }
    let second = try worker("4-7", as: "edge-2")
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(first.status() == 0, "\(first.standardError)")
    #expect(second.status() == 0, "\(second.standardError)")

    let summary = try SmallRun.summary(broker.standardOutput)
    for counter in [
      "connection refused: unknown key", "connection refused: wrong broker key", "not authorized",
    ] {
      #expect(summary.counters[counter] ?? 0 > 0, "\(counter): \(summary.counters)")
    }
    // Both sides see that the other doesn't encrypt; where the worker is first it hangs up, and
    // that is all that the broker sees. Its three connections are counted in either case.
    let inTheClear = ["other mechanism", "broken handshake"].map {
      summary.counters["connection refused: \($0)"] ?? 0
    }
    #expect(inTheClear.reduce(0, +) >= 3, "\(summary.counters)")
    let undisturbed = try SmallRun.summary(plain.standardOutput)
    #expect(summary.final.modelDigest == undisturbed.final.modelDigest)
    #expect(summary.rounds[0].up.wire > undisturbed.rounds[0].up.wire, "encryption costs bytes")
    try expectNoSecrets(in: [broker, first, second])
  }

  /// No secret key is in what anybody said or left in the run directory.
  private func expectNoSecrets(in commands: [Command]) throws {
    var texts = commands.flatMap { [$0.standardOutput, $0.standardError] }
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path("run"))
    for file in files {
      let data = FileManager.default.contents(atPath: folder.path("run/\(file)")) ?? Data()
      texts.append(String(decoding: data, as: UTF8.self))
    }
    #expect(files.contains("log.jsonl"))
    for name in ["broker", "edge-1", "edge-2", "rogue"] {
      let file = try String(contentsOfFile: "\(keys)/\(name).secret", encoding: .utf8)
      let secret = try #require(file.split { $0 == " " || $0 == "\n" }.last)
      #expect(secret.utf8.count == 40)
      #expect(texts.allSatisfy { !$0.contains(secret) })
    }
  }

  @Test func `the clients of a key have no more samples than the allow-list says`() throws {
    let text = try String(contentsOfFile: list, encoding: .utf8)
    let limited = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("edge-1") ? "\(line) samples=5" : String(line)
    }
    try limited.joined(separator: "\n").write(toFile: list, atomically: true, encoding: .utf8)
    let topology = try folder.write(
      SmallRun.topology(participation: "  perRound: 8", rounds: "[1, 2, 2]"), to: "few.yaml")
    let broker = try broker(topology)
    let first = try worker("0-3", as: "edge-1", topology)
    let second = try worker("4-7", as: "edge-2", topology)
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(first.status() == 0, "\(first.standardError)")
    #expect(second.status() == 0, "\(second.standardError)")
    #expect(
      first.standardError.contains("round 3: the broker refuses client 2's update"),
      "\(first.standardError)")
    #expect(
      first.standardError.contains("beyond 5, the most that a client of worker edge-1 may have"),
      "\(first.standardError)")
    #expect(!second.standardError.contains("refuses"), "\(second.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.map(\.accepted) == Array(repeating: 4, count: 5))
    #expect(summary.rounds.map(\.refused) == Array(repeating: 4, count: 5))
  }

  @Test func `a key taken off the list is shut out, and the run goes on`() throws {
    let topology = try folder.write(
      SmallRun.topology(
        participation: "  perRound: 8\n  deadline: 6 s\n  minimum: 2", rounds: "[1, 2, 6]"),
      to: "long.yaml")
    let broker = try broker(topology)
    let staying = try worker("0-3", as: "edge-1", topology)
    let leaving = try worker("4-7", as: "edge-2", topology)
    #expect(leaving.says("round 3, stage 2: client"), "\(leaving.standardError)")
    let text = try String(contentsOfFile: list, encoding: .utf8)
    // A list that can't be read changes nothing.
    try "nonsense\n".write(toFile: list, atomically: true, encoding: .utf8)
    broker.send(SIGHUP)
    #expect(broker.says("stays in force"), "\(broker.standardError)")
    let kept = text.split(separator: "\n").filter { !$0.hasPrefix("edge-2") }
    try (kept.joined(separator: "\n") + "\n")
      .write(toFile: list, atomically: true, encoding: .utf8)
    broker.send(SIGHUP)
    #expect(leaving.status(within: 30) == 69, "\(leaving.standardError)")
    #expect(leaving.standardError.contains("allow-list"), "\(leaving.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(staying.status() == 0, "\(staying.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 9)
    #expect(summary.rounds.last?.accepted == 4)
    #expect(summary.counters["not authorized"] ?? 0 >= 4)
    #expect(summary.counters["connection cut: key no longer on the allow-list"] ?? 0 > 0)
  }
}
