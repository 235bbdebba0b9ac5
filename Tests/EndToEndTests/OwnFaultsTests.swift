import Datasets
import Foundation
import TestSupport
import Testing

/// Sites whose own samples, or whose claims, are at odds with the plan, and the others' rounds.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct OwnFaultsTests {
  private let folder: Folder
  private let endpoint: String

  init() throws {
    folder = try Folder()
    endpoint = "tcp://127.0.0.1:\(try freePorts())"
  }

  private static let pictures = """
    model: {name: convnet}
    data:
      from: clients
      input: [1, 16, 16]
      classes: [dark, light]
    """
  private static let tables = """
    model: {name: mlp, widths: [8, 8]}
    data:
      from: clients
      input: [2]
      classes: [down, up]
      label: state
    """

  private func topology(
    _ lines: String, rounds: Int = 6, minimum: Int = 1
  ) throws -> String {
    try folder.write(
      """
      name: faults
      seed: 7
      clients: 2
      \(lines)
      rounds: \(rounds)
      participation: {minimum: \(minimum)}
      training: {batch: 10}
      limits: {announce: 100 ms, gather: 300 ms, join: 100 ms, fetch: 500 ms, offer: 500 ms, farewell: 500 ms}

      """, to: "faults.yaml")
  }

  private func picture(_ name: String, _ level: Int, size: Int = 16) throws {
    let pixels = (0..<size * size).map { UInt8(level + $0 % 40) }
    let bytes = try PNGWriter.encode(pixels, rows: size, columns: size, channels: 1, path: name)
    try Data(bytes).write(to: place(of: name))
  }

  /// The place of a file below the sites' folders, which are made for it.
  private func place(of name: String) throws -> URL {
    let file = folder.url.appending(path: "sites/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    return file
  }

  /// Writes a client's dark and light pictures.
  private func fill(_ client: Int, _ numbers: Range<Int> = 0..<20) throws {
    for number in numbers {
      try picture("\(client)/dark/\(number).png", number)
      try picture("\(client)/light/\(number).png", 150 + number)
    }
  }

  /// Writes a client's table, the last row as given.
  private func table(_ client: Int, last: String) throws {
    let rows = (0..<40).map { $0.isMultiple(of: 2) ? "\($0),3,down" : "\($0),9,up" }
    try Data(("left,right,state\n" + (rows + [last]).joined(separator: "\n") + "\n").utf8)
      .write(to: place(of: "\(client)/readings.csv"))
  }

  private func broker(_ topology: String) throws -> Command {
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    return broker
  }

  private func worker(_ client: Int, _ options: String...) throws -> Command {
    try Command(
      [
        "worker", "--connect", endpoint, "--clients", "\(client)", "--data",
        folder.path("sites/\(client)"), "--threads", "1",
      ] + options)
  }

  @Test(arguments: [
    ("zebra/mrs-smith.png", "“zebra” isn't one of", "a class or label isn't one of the plan's"),
    ("dark/mrs-smith.png", "is of 1×20×20", "a sample is of 1×20×20, where the plan has 1×16×16"),
    ("dark/mrs-smith.jpeg", "mrs-smith.jpeg", "a file is damaged"),
    ("mrs-smith.csv", "line 42", "a file or folder breaks the rules of its format"),
  ])
  func `a fault is told in full at its site and in kind to the broker, and the others train on`(
    file: String, site words: String, broker kind: String
  ) throws {
    let isTable = file.hasSuffix("csv")
    switch file {
    case "zebra/mrs-smith.png": try picture("1/\(file)", 9)
    case "dark/mrs-smith.png": try picture("1/\(file)", 9, size: 20)
    case "mrs-smith.csv": try table(1, last: "mrs-smith,3,up")
    default: try Data("no picture".utf8).write(to: place(of: "1/\(file)"))
    }
    for client in 0..<2 {
      if !isTable { try fill(client) } else if client == 0 { try table(0, last: "1,9,up") }
    }
    let broker = try broker(topology(isTable ? Self.tables : Self.pictures))
    let (first, second) = (try worker(0), try worker(1))
    #expect(second.says("can't take part until its samples change"), "\(second.standardError)")
    #expect(second.standardError.contains(words), "\(second.standardError)")
    #expect(second.standardError.contains(isTable ? "readings.csv" : "sites/1/"))
    for process in [first, second, broker] {
      #expect(process.status() == 0, "\(process.standardError)")
    }
    #expect(broker.standardError.contains(kind), "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 6 && summary.rounds.allSatisfy { $0.accepted == 1 })
    let log = try String(contentsOfFile: folder.path("run/log.jsonl"), encoding: .utf8)
    for text in [broker.standardError, broker.standardOutput, log] {
      #expect(!text.contains("mrs-smith") && !text.contains("zebra") && !text.contains("sites/"))
    }
  }

  @Test func `of two sites that claim one client the second is told who plays it, and is counted`()
    throws
  {
    for client in 0..<2 { try fill(client) }
    let topology = try topology(Self.pictures, rounds: 16, minimum: 2)
    let broker = try broker(topology)
    let owner = try worker(1, "--name", "owner")
    #expect(owner.says("all 1 clients joined"), "\(owner.standardError)")
    let claimant = try worker(1, "--name", "claimant")
    #expect(
      claimant.says("clients 1 can't join for now (wrong client): worker owner at 127.0.0.1 plays"),
      "\(claimant.standardError)")
    let other = try worker(0)
    for process in [other, owner, claimant, broker] {
      #expect(process.status() == 0, "\(process.standardError)")
    }
    #expect(claimant.standardError.contains("none of this worker's clients took part"))
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 16 && summary.rounds.allSatisfy { $0.accepted == 2 })
    #expect(summary.counters["wrong client"] ?? 0 > 0, "\(summary.counters)")
    #expect(TinyRun.acknowledged(owner).count == 16, "\(owner.standardError)")
  }

  @Test func `pictures that arrive in the middle of a round count from the next one on`() throws {
    for client in 0..<2 { try fill(client) }
    let broker = try broker(topology(Self.pictures, rounds: 44, minimum: 2))
    let (first, second) = (try worker(0), try worker(1))
    #expect(first.says("round 1: client 0's update counts"), "\(first.standardError)")
    // The open round waits for the second client, and the first is done with it, or soon is.
    second.send(SIGSTOP)
    Thread.sleep(forTimeInterval: 1)
    try fill(0, 20..<60)
    Thread.sleep(forTimeInterval: 1)
    second.send(SIGCONT)
    for process in [first, second, broker] {
      #expect(process.status() == 0, "\(process.standardError)")
    }
    #expect(
      first.standardError.contains("client 0's samples have changed; it has"),
      "\(first.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 44 && summary.rounds.allSatisfy { $0.accepted == 2 })
    #expect(summary.rounds.allSatisfy { $0.refused == 0 })
  }
}
