import Datasets
import Foundation
import GRDB
import TestSupport
import Testing

/// Clients whose samples lie in folders of their own, which nobody else reads.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct OwnFoldersTests {
  let folder: Folder
  let topology: String
  let endpoint: String

  init() throws {
    folder = try Folder()
    endpoint = "tcp://127.0.0.1:\(try freePorts())"
    topology = try folder.write(Self.topology(), to: "theirs.yaml")
  }

  static func topology(rounds: String = "[1, 1, 1]", more: String = "") -> String {
    """
    name: theirs
    seed: 7
    clients: 2
    model: {name: convnet}
    data:
      from: clients
      input: [1, 16, 16]
      classes: [lying, standing]
      normalization: {mean: [0.3], deviation: [0.3]}
    stages: {rounds: \(rounds)}
    participation: {minimum: 2}
    codecs: {up: linear8, down: linear8}
    training: {batch: 10}
    limits: {announce: 100 ms, gather: 300 ms, join: 100 ms, fetch: 500 ms, offer: 500 ms, farewell: 500 ms\(more)}

    """
  }

  /// Writes pictures of bars that lie and bars that stand into a client's folder.
  func fill(_ client: Int, _ numbers: Range<Int> = 0..<30) throws {
    for (name, isStanding) in [("lying", false), ("standing", true)] {
      let place = folder.url.appending(path: "sites/\(client)/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in numbers {
        let middle = 4 + (number * 5 + client) % 8
        var pixels: [UInt8] = []
        for row in 0..<16 {
          for column in 0..<16 {
            let isBar = abs((isStanding ? column : row) - middle) < 2
            pixels.append(UInt8(isBar ? 220 - number : 20 + client))
          }
        }
        let bytes = try PNGWriter.encode(pixels, rows: 16, columns: 16, channels: 1, path: name)
        try Data(bytes).write(to: place.appending(path: "\(number).png"))
      }
    }
  }

  func site(_ client: Int) -> String { folder.path("sites/\(client)") }

  private func worker(_ client: Int, _ options: [String] = []) throws -> Command {
    try Command(
      [
        "worker", "--connect", endpoint, "--clients", "\(client)", "--data", site(client),
        "--threads", "1",
      ] + options)
  }

  func broker(_ options: [String] = [], within wrapper: [String] = []) throws -> Command {
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json"] + options,
      within: wrapper)
    #expect(broker.says("listening"), "\(broker.standardError)")
    return broker
  }

  func simulated(_ options: [String] = []) throws -> SmallRun.Summary {
    try SmallRun.play(
      topology, to: folder.path("simulated-\(options.joined())"),
      ["--data", folder.path("sites/{client}")] + options)
  }

  @Test
  func `a broker that reads no sample and workers with nothing but theirs end as simulate does`()
    throws
  {
    for client in 0..<2 { try fill(client) }
    let expected = try simulated()
    #expect(expected.final.modelDigest != nil && expected.final.accuracy == nil)
    #expect(try simulated(["--clock", "real"]).final.modelDigest == expected.final.modelDigest)
    #expect(try simulated(["--threads", "1"]).final.modelDigest == expected.final.modelDigest)

    let keys = folder.path("keys")
    for arguments in [
      ["broker", "--out", keys],
      ["worker", "site-0", "--clients", "0", "--out", keys, "--allow", "\(keys)/allow.list"],
      ["worker", "site-1", "--clients", "1", "--out", keys, "--allow", "\(keys)/allow.list"],
    ] {
      #expect(try Command(["keys"] + arguments).status(within: 20) == 0)
    }
    // Where there is strace each file that the broker opens is seen.
    let trace = folder.path("opened")
    let strace = "/usr/bin/strace"
    let canTrace = FileManager.default.isExecutableFile(atPath: strace)
    let broker = try broker(
      ["--keys", "\(keys)/broker.secret", "--allow", "\(keys)/allow.list"],
      within: canTrace ? [strace, "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace] : [])
    let workers = try (0..<2).map { client in
      try worker(
        client,
        ["--keys", "\(keys)/site-\(client).secret", "--broker-key", "\(keys)/broker.public"])
    }
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.final.modelDigest == expected.final.modelDigest)
    #expect(summary.rounds.map(\.accepted) == [2, 2, 2])
    #expect(broker.standardError.contains("the samples stay with the clients"))
    #expect(!broker.standardError.contains("sites"))
    guard canTrace else { return }
    let opened = try String(contentsOfFile: trace, encoding: .utf8)
    #expect(opened.contains("theirs.yaml"), "the trace shows what is opened")
    #expect(!opened.contains("sites/"))
  }

  @Test func `a client whose folder is broken says why, isn't asked again, and comes back mended`()
    throws
  {
    try fill(0)
    try fill(1)
    let broken = "\(site(1))/lying/mrs-smith.png"
    try Data("no picture".utf8).write(to: URL(filePath: broken))
    let (broker, first, second) = (try broker(), try worker(0), try worker(1))
    #expect(second.says("client 1 can't take part until its samples change"))
    #expect(second.standardError.contains("mrs-smith.png"))
    #expect(broker.says("waiting for clients: 1 of 2"), "\(broker.standardError)")
    try FileManager.default.removeItem(atPath: broken)
    #expect(second.status() == 0, "\(second.standardError)")
    #expect(first.status() == 0, "\(first.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(second.standardError.contains("client 1's samples have changed"))
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.map(\.accepted) == [1, 2, 2])
    #expect(broker.standardError.contains("bad data"), "\(broker.standardError)")
    // A picture's name may be a person's: it stays at the site.
    let log = try String(contentsOfFile: folder.path("run/log.jsonl"), encoding: .utf8)
    for text in [broker.standardError, broker.standardOutput, log] {
      #expect(!text.contains("mrs-smith"))
    }
  }

  @Test func `pictures that arrive before a round begins are trained on in it`() throws {
    for client in 0..<2 { try fill(client) }
    let (broker, first) = (try broker(), try worker(0))
    #expect(first.says("all 1 clients joined"), "\(first.standardError)")
    try fill(0, 30..<50)
    let second = try worker(1)
    for process in [first, second, broker] {
      #expect(process.status() == 0, "\(process.standardError)")
    }
    #expect(first.standardError.contains("client 0's samples have changed"))
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.map(\.accepted) == [2, 2, 2])
    #expect(try simulated().final.modelDigest == summary.final.modelDigest)
  }

  @Test func `rounded numbers of samples are told and weigh alike on either clock`()
    throws
  {
    try fill(0)
    try fill(1, 0..<37)
    let exact = try simulated().final.modelDigest
    _ = try folder.write(
      Self.topology().replacing("  from: clients", with: "  from: clients\n  roundSamples: 25"),
      to: "theirs.yaml")
    let expected = try simulated(["--seed", "7"]).final.modelDigest
    #expect(expected != exact, "the weights are others")
    #expect(try simulated(["--clock", "real"]).final.modelDigest == expected)
    let (broker, first) = (try broker(), try worker(0))
    #expect(first.says("all 1 clients joined"), "\(first.standardError)")
    let words = #/client 0 has (\d+) samples to train on, (\d+) held out/#
    let counts = try #require(first.standardError.firstMatch(of: words)?.output)
    let (training, heldOut) = (Int(counts.1) ?? 0, Int(counts.2) ?? 0)
    #expect(training + heldOut == 60 && heldOut > 0)
    let status = try Command(["status", folder.path("run"), "--json"])
    #expect(status.status(within: 20) == 0, "\(status.standardError)")
    for (key, count) in [("samples", training), ("heldOut", heldOut)] {
      let told = "\"\(key)\":\((count + 24) / 25 * 25)"
      #expect(status.standardOutput.contains(told), "\(told) in \(status.standardOutput)")
    }
    let second = try worker(1)
    for process in [first, second, broker] {
      #expect(process.status() == 0, "\(process.standardError)")
    }
    #expect(try SmallRun.summary(broker.standardOutput).final.modelDigest == expected)
  }

  /// The training samples of each label that a run's ledger has for each client.
  private func labels(of run: String) throws -> [[Int]] {
    let database = try DatabaseQueue(path: folder.path("\(run)/run.sqlite"))
    return try database.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM holding ORDER BY client, label")
        .map { [$0[0], $0[1], $0[2]] }
    }
  }

  @Test func `label counts are known only where the topology asks for them, rounded as it says`()
    throws
  {
    try fill(0)
    try fill(1, 0..<37)
    _ = try simulated()
    #expect(try labels(of: "simulated-").isEmpty)
    let asking = "  from: clients\n  roundSamples: 25\n  labelCounts: true"
    _ = try folder.write(
      Self.topology().replacing("  from: clients", with: asking), to: "theirs.yaml")
    _ = try simulated(["--seed", "7"])
    let expected = try labels(of: "simulated---seed7")
    #expect(expected.map { [$0[0], $0[1]] } == [[0, 0], [0, 1], [1, 0], [1, 1]])
    #expect(expected.allSatisfy { $0[2] > 0 && $0[2].isMultiple(of: 25) }, "\(expected)")
    _ = try simulated(["--clock", "real"])
    #expect(try labels(of: "simulated---clockreal") == expected)
    let broker = try broker()
    #expect(try labels(of: "run") == [[0, 0, 0], [0, 1, 0], [1, 0, 0]], "nobody has told yet")
    for process in [try worker(0), try worker(1), broker] {
      #expect(process.status() == 0, "\(process.standardError)")
    }
    #expect(try labels(of: "run") == expected)
    let report = try Command(["report", folder.path("run")])
    #expect(report.status(within: 20) == 0)
    let all = expected.reduce(0) { $0 + $1[2] }
    #expect(
      report.standardOutput.contains("\(all) samples on 2 clients"), "\(report.standardOutput)")
  }

  @Test func `more samples than the broker's owner allows are refused with the key's name`() throws
  {
    _ = try folder.write(Self.topology(more: ", samples: 20"), to: "theirs.yaml")
    try fill(0)
    let (broker, worker) = (try broker(), try worker(0))
    #expect(worker.status() == 69)
    #expect(worker.standardError.contains("limits.samples"), "\(worker.standardError)")
    broker.send(SIGTERM)
    #expect(broker.status() == 130, "\(broker.standardError)")
  }

  @Test func `a worker or simulation that isn't told where the samples are says what to write`()
    throws
  {
    try fill(0)
    for (arguments, status, words) in [
      (["simulate", topology], 64, "give --data PATH"),
      (["simulate", topology, "--data", site(0)], 64, "{client}"),
      (["simulate", topology, "--data", folder.path("nowhere/{client}")], 69, "isn't there"),
      (["worker", topology, "--connect", endpoint, "--clients", "0"], 64, "give --data PATH"),
      (["broker", topology, "--bind", endpoint, "--data", site(0)], 64, "--data"),
    ] as [([String], Int32, String)] {
      let command = try Command(arguments)
      #expect(command.status(within: 60) == status, "\(arguments): \(command.standardError)")
      #expect(command.standardError.contains(words), "\(command.standardError)")
    }
  }
}
