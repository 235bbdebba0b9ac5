import Foundation
import GRDB
import TestSupport
import Testing

/// What the command says when something is wrong: true, where it is, and what to do now.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ErrorTests {
  private let folder: Folder
  private let topology: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
  }

  /// The run directory of a run that is done.
  private func run(_ options: String...) throws -> String {
    let run = folder.path("run")
    let command = try Command(["simulate", topology, "--out", run, "--quiet"] + options)
    #expect(command.status() == 0, "\(command.standardError)")
    return run
  }

  /// Has a command fail with `status`, and say all of `parts` in words that aren't a library's own.
  private func expectFailure(
    _ arguments: [String], _ status: Int32, saying parts: [String], within wrapper: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let command = try Command(arguments, within: wrapper)
    let found = command.status(within: 60)
    let said = command.standardError
    #expect(found == status, "\(arguments): \(said)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(said.contains(part), "\(part) isn't in: \(said)", sourceLocation: sourceLocation)
    }
    for raw in ["Cocoa", "NSCocoa", "Error Domain", "SQLITE_", "Optional(", "POSIXError", "Code="] {
      #expect(!said.contains(raw), "\(raw) is in: \(said)", sourceLocation: sourceLocation)
    }
  }

  @Test func `a report into a folder that isn't there, or in place of one, says so`() throws {
    let run = try run()
    let none = folder.path("none/report.html")
    for command in [
      ["report", run, "--format", "html", "--out", none],
      ["compare", run, run, "--format", "html", "--out", none],
    ] {
      try expectFailure(
        command, 69, saying: [folder.path("none/"), "no such folder", "make it first"])
    }
    try expectFailure(
      ["report", run, "--format", "csv", "--out", folder.url.path], 69,
      saying: ["is a folder", "name a file"])
    try expectFailure(
      ["report", run, "--format", "csv", "--out", "\(topology)/x.csv"], 69,
      saying: ["no such folder"])
    try expectFailure(
      ["report", run], 69, saying: ["/dev/stdout", "full"], within: Self.toFullDisk)
    try expectFailure(
      ["check", topology], 69, saying: ["/dev/stdout", "full"], within: Self.toFullDisk)
  }

  /// Has the command write to a disk without any room.
  private static let toFullDisk = ["sh", "-c", "exec \"$0\" \"$@\" > /dev/full"]

  @Test func `a run directory in place of a model or a topology is told which file to name`() throws
  {
    let run = try run()
    try expectFailure(
      ["predict", topology, "--from", run], 65,
      saying: ["a run directory", "\(run)/model.safetensors or \(run)/model-best.safetensors"])
    for command in [["predict", run, "--from", "\(run)/model.safetensors"], ["check", run]] {
      try expectFailure(command, 65, saying: ["is a folder", "\(run)/topology.yaml"])
    }
    try expectFailure(
      ["predict", topology, "--from", folder.url.path], 65, saying: ["is a folder", "name a file"])
    let best = try Command([
      "predict", topology, "--from", "\(run)/model-best.safetensors", "--json",
    ])
    #expect(best.status() == 0, "\(best.standardError)")
  }

  @Test(arguments: ["virtual", "real"])
  func `the ledger tells when the run began, on both clocks`(clock: String) throws {
    let before = Date()
    let run = try run("--clock", clock)
    let database = try DatabaseQueue(path: "\(run)/run.sqlite")
    let (starts, epochs) = try database.read { database in
      (
        try String?.fetchAll(database, sql: "SELECT start FROM run"),
        try String?.fetchAll(database, sql: "SELECT start FROM epoch")
      )
    }
    #expect(starts.count == 1 && epochs.count == (clock == "real" ? 1 : 0))
    for start in starts + epochs {
      let date = try Date(#require(start), strategy: .iso8601)
      #expect(date > before.addingTimeInterval(-2) && date <= Date(), "\(start ?? "–")")
    }
    let events = try FileManager.default.contentsOfDirectory(atPath: run).filter {
      $0.hasPrefix("events.out.tfevents.")
    }
    let start = try Date(#require(starts.first ?? nil), strategy: .iso8601)
    #expect(events.first?.contains(".\(Int(start.timeIntervalSince1970)).") == true, "\(events)")
  }

  @Test func `a damaged ledger, and a folder in its place, say what to do`() throws {
    let run = try run()
    try Data("hello".utf8).write(to: URL(filePath: "\(run)/run.sqlite"))
    try expectFailure(["report", run], 65, saying: ["\(run)/run.sqlite", "damaged", "copy"])
    try FileManager.default.removeItem(atPath: "\(run)/run.sqlite")
    try FileManager.default.createDirectory(
      atPath: "\(run)/run.sqlite", withIntermediateDirectories: false)
    try expectFailure(["report", run], 69, saying: ["\(run)/run.sqlite", "is a folder"])
  }

  @Test func `a run or sweep where no folder can be says so`() throws {
    for out in [topology, "\(topology)/run"] {
      try expectFailure(
        ["simulate", topology, "--out", out], 69, saying: [out, "can't be a folder", "choose"])
      let sweep = try folder.write(
        "topology: tiny.yaml\nseeds: [7]\nruns:\n  a: {}\n", to: "tiny-sweep.yaml")
      try expectFailure(
        ["sweep", sweep, "--out", out], 69, saying: [out, "can't be a folder", "choose"])
    }
  }

  @Test func `a sweep whose runs fail ends as they did`() throws {
    let sweep = try folder.write(
      "topology: tiny.yaml\nseeds: [7]\nruns:\n  a: {}\n", to: "tiny-sweep.yaml")
    // A file where the run's directory is to be.
    let out = folder.path("out")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    _ = try folder.write("", to: "out/a-7")
    try expectFailure(
      ["sweep", sweep, "--out", out], 69,
      saying: [
        "a-7: failed with status 69; see ", "1 of the runs failed: a-7", "call the sweep again",
      ])
  }

  @Test func `keys that can't be read or written say why`() throws {
    let keys = folder.path("keys")
    #expect(try Command(["keys", "broker", "--out", keys]).status() == 0)
    let worker = ["worker", topology, "--connect", "tcp://127.0.0.1:5555", "--clients", "0"]
    try expectFailure(
      worker + ["--keys", keys, "--broker-key", keys], 65,
      saying: ["\(keys): can't be read (Is a directory)", "name a file"])
    try expectFailure(
      ["keys", "broker", "--out", "\(topology)/keys"], 69,
      saying: ["can't be written (Not a directory)", "choose a place"])
  }

  @Test func `a worker isn't given keys when its allow-list can't take it`() throws {
    let keys = folder.path("keys")
    let faulty = try folder.write("two words\n", to: "faulty.list")
    for (list, status, said) in [
      (faulty, 65, "faulty.list:1: "), (folder.path("none/allow.list"), 69, "can't be written"),
      (folder.url.path, 65, "Is a directory"),
    ] as [(String, Int32, String)] {
      try expectFailure(
        ["keys", "worker", "edge-1", "--clients", "0", "--out", keys, "--allow", list], status,
        saying: [said])
      #expect(!FileManager.default.fileExists(atPath: keys), "\(list)")
    }
  }

  @Test func `an address that is none is wrong use, and one that is taken says so`() throws {
    for command in [
      ["worker", topology, "--connect", "localhost", "--clients", "0"],
      ["broker", topology, "--bind", "tcp://127.0.0.1", "--out", folder.path("a")],
      ["relay", "--bind", "tcp://127.0.0.1:x", "--connect", "tcp://127.0.0.1:5701"],
    ] {
      try expectFailure(command, 64, saying: ["not an endpoint", "tcp://HOST:PORT"])
    }
    let socket = folder.path("none/socket")
    try expectFailure(
      ["broker", topology, "--bind", "ipc://\(socket)", "--out", folder.path("b")], 69,
      saying: [socket, "Make the path's folder first"])
    let port = try freePorts()
    let first = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("c"),
    ])
    #expect(first.says("listening"))
    try expectFailure(
      ["simulate", topology, "--serve", "127.0.0.1:\(port)", "--out", folder.path("d")], 69,
      saying: ["127.0.0.1:\(port)", "(Address already in use)", "choose another port"])
    first.send(SIGKILL)
  }

  @Test func `a run whose words nobody can read goes on to its end`() throws {
    let run = try Command(
      ["simulate", topology, "--out", folder.path("run")],
      within: ["sh", "-c", "exec \"$0\" \"$@\" 2> /dev/full"])
    #expect(run.status() == 0)
    #expect(run.standardOutput.contains("done, 3 of 3 rounds"))
  }

  @Test func `the cost model says which key it can't play`() throws {
    let deltas = TinyRun.topology().replacing(
      "  down: linear8", with: "  down: linear8\n  downDelta: linear8")
    let path = try folder.write(deltas, to: "deltas.yaml")
    try expectFailure(
      ["simulate", path, "--cost-model", "--out", folder.path("cost")], 65,
      saying: ["codecs.downDelta"])
  }
}
