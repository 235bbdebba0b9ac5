import Foundation
import TestSupport
import Testing

/// `progfed status` and `progfed control`, from another shell than the broker's.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ControlCommandTests {
  private let folder: Folder
  private let port: Int

  init() throws {
    folder = try Folder()
    port = try freePorts()
  }

  private var endpoint: String { "tcp://127.0.0.1:\(port)" }
  private var run: String { folder.path("run") }

  /// A run of many short rounds that needs all four clients.
  private func topology(
    rounds: String = "[2, 2, 200]", minimum: Int = 4, more: String = ""
  ) throws -> String {
    let text = TinyRun.topology(rounds: rounds, participation: "  minimum: \(minimum)\(more)")
      .replacing("  farewell: 500 ms", with: "  farewell: 2 s\n  heartbeat: 300 ms\n  silence: 2 s")
    return try folder.write(text, to: "tiny.yaml")
  }

  private func broker(_ topology: String, _ more: String...) throws -> Command {
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", run] + more)
    #expect(broker.says("listening"), "\(broker.standardError)")
    return broker
  }

  private func worker(_ topology: String, _ clients: String, _ more: [String] = []) throws
    -> Command
  {
    try Command(
      ["worker", topology, "--connect", endpoint, "--clients", clients, "--threads", "1"] + more)
  }

  /// What a command says on standard output, and how it ends.
  private func said(
    _ arguments: [String], within wrapper: [String] = []
  ) throws -> (status: Int32?, output: String, errors: String) {
    let command = try Command(arguments, within: wrapper)
    let status = command.status(within: 30)
    return (status, command.standardOutput, command.standardError)
  }

  private func control(_ words: String...) throws -> (
    status: Int32?, output: String, errors: String
  ) {
    try said(["control", run] + words)
  }

  /// The presence, as programs read it.
  private func status() throws -> [String: Any] {
    let said = try said(["status", run, "--json"])
    #expect(said.status == 0, "\(said.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(said.output.utf8))
    return try #require(object as? [String: Any])
  }

  /// Asks until the presence is as wanted; false after a while.
  private func comes(_ isWanted: ([String: Any]) -> Bool) throws -> Bool {
    for _ in 0..<200 {
      if isWanted(try status()) { return true }
      Thread.sleep(forTimeInterval: 0.05)
    }
    return false
  }

  @Test func `status says who is waited for, then who is there and what each does`() throws {
    let topology = try topology()
    let broker = try broker(topology)
    var text = try said(["status", run])
    #expect(text.status == 0 && text.output.contains("waiting: 0 of 4 needed"), "\(text)")
    #expect(text.output.contains("no worker has joined yet"))
    let first = try worker(topology, "0-2")
    #expect(try comes { $0["able"] as? Int == 3 })
    text = try said(["status", run])
    #expect(text.output.contains("waiting: 3 of 4 needed"), "\(text.output)")
    #expect(text.output.contains("not here: 3") && text.output.contains("127.0.0.1"))
    #expect(broker.says("at 127.0.0.1, with 3 clients: 0-2"), "\(broker.standardError)")
    let second = try worker(topology, "3")
    #expect(try comes { $0["state"] as? String == "open" && $0["present"] as? Int == 4 })
    let workers = try #require(try status()["workers"] as? [[String: Any]])
    #expect(workers.count == 2)
    // Both are on one host: by default the process tells them apart.
    for (worker, named) in zip([first, second], workers) {
      let name = named["name"] as? String ?? ""
      #expect(name.hasSuffix(":\(worker.number)") && name.count > 2, "\(name)")
      #expect(worker.says("joined, as worker \(name)"), "\(worker.standardError)")
    }
    #expect((workers[0]["clients"] as? [[String: Any]])?.count == 3)
    let states = ["asked", "fetching", "training", "queued", "uploading", "done", "idle"]
    for client in workers.flatMap({ $0["clients"] as? [[String: Any]] ?? [] }) {
      #expect(states.contains(client["does"] as? String ?? ""), "\(client)")
    }
    #expect(try control("stop").output.contains("--resume goes on"))
    #expect(broker.status(within: 30) == 130, "\(broker.standardError)")
    for worker in [first, second] { #expect(worker.status(within: 30) == 69) }
    let after = try said(["status", run])
    #expect(
      after.status == 69 && after.errors.contains("it was stopped after round"), "\(after.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(run)/control.sock"))
  }

  @Test
  func `a run is paused, resumed and drained, its workers say so, and it goes on another time`()
    throws
  {
    let topology = try topology()
    let broker = try broker(topology)
    let crew = try worker(topology, "0-3")
    #expect(broker.says("round 2/204"), "\(broker.standardError)")
    #expect(try control("pause").status == 0)
    #expect(try control("pause").status == 69)
    #expect(crew.says("the broker is paused"), "\(crew.standardError)")
    #expect(broker.says("control: pause:"))
    #expect(try comes { $0["state"] as? String == "waiting" && $0["paused"] as? Bool == true })
    let round = try #require(try status()["round"] as? Int)
    Thread.sleep(forTimeInterval: 1)
    #expect(try status()["round"] as? Int == round)
    #expect(try control("resume").output.contains("rounds open again"))
    #expect(crew.says("the broker goes on"))
    #expect(broker.says("round \(round + 1)/204"), "\(broker.standardError)")
    #expect(try control("drain").status == 0)
    #expect(broker.status(within: 30) == 130, "\(broker.standardError)")
    #expect(crew.status(within: 30) == 69)
    let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
    for word in ["pause", "resume", "drain"] {
      #expect(log.contains("\"do\":\"\(word)\",\"done\":true"))
    }

    let next = try Command(["broker", "--resume", run, "--bind", endpoint])
    let again = try worker(topology, "0-3")
    #expect(next.says("goes on with round"), "\(next.standardError)")
    #expect(again.says("all 4 clients joined"), "\(again.standardError)")
    #expect(try control("stop").status == 0)
    #expect(next.status(within: 30) == 130)
    let summary = try said(["report", run, "--format", "json"])
    for word in ["pause", "resume", "drain", "stop"] {
      #expect(summary.output.contains("\"control: \(word)\""), "\(summary.output.suffix(600))")
    }
  }

  @Test func `an excluded client is out until it is admitted, also after a restart`() throws {
    let topology = try topology(minimum: 2)
    let broker = try broker(topology)
    let crew = try worker(topology, "0-3")
    #expect(broker.says("round 1/204"), "\(broker.standardError)")
    #expect(try control("evict", "1").output.contains("is excluded"))
    #expect(try control("evict", "9").errors.contains("clients 0 to 3"))
    #expect(crew.says("clients 1 can't join for now (evicted)"), "\(crew.standardError)")
    #expect(try comes { $0["present"] as? Int == 3 && $0["evicted"] as? [Int] == [1] })
    broker.send(SIGKILL)
    _ = broker.status(within: 10)
    let gone = try said(["status", run])
    #expect(gone.status == 69 && gone.errors.contains("its broker is gone"), "\(gone.errors)")

    let next = try Command(["broker", "--resume", run, "--bind", endpoint])
    #expect(next.says("listening"), "\(next.standardError)")
    #expect(try comes { $0["present"] as? Int == 3 && $0["evicted"] as? [Int] == [1] })
    #expect(try control("admit", "1").output.contains("let in again"))
    #expect(try comes { $0["present"] as? Int == 4 }, "\(crew.standardError)")
    #expect(try control("admit", "1").status == 69)
    #expect(try control("stop").status == 0)
    #expect(next.status(within: 30) == 130)
    #expect(crew.status(within: 30) == 69)
  }

  @Test func `the open round's deadline can be brought forward`() throws {
    let topology = try topology(rounds: "[1, 1, 1]", minimum: 1, more: "\n  deadline: 10 min")
    let broker = try broker(topology)
    let crew = try worker(topology, "0-3")
    // Nobody will be heard: the round would wait for ten minutes.
    #expect(broker.says("here: worker"), "\(broker.standardError)")
    crew.send(SIGSTOP)
    #expect(try comes { $0["state"] as? String == "open" })
    let answer = try control("deadline", "1s")
    #expect(answer.output.contains("ends in 1.0 s at the latest"), "\(answer)")
    #expect(broker.says("round 1/3", within: 10), "\(broker.standardError)")
    #expect(try control("deadline", "soon").status == 64)
    #expect(try control("stop").status == 0)
    crew.send(SIGCONT)
    #expect(broker.status(within: 30) == 130, "\(broker.standardError)")
    _ = crew.status(within: 30)
  }

  @Test func `a worker that is killed is named in time, with its clients`() throws {
    let topology = try topology(minimum: 2)
    let broker = try broker(topology)
    let crew = try worker(topology, "0-1")
    let name = "barn-2"
    let other = try worker(topology, "2-3", ["--name", name])
    #expect(other.says("joined, as worker barn-2"), "\(other.standardError)")
    #expect(broker.says("round 1/204"), "\(broker.standardError)")
    other.send(SIGKILL)
    #expect(
      broker.says("gone without a word: worker \(name)", within: 5), "\(broker.standardError)")
    #expect(broker.standardError.contains("with 2 clients: 2-3"))
    #expect(try comes { $0["present"] as? Int == 2 })
    let text = try said(["status", run])
    #expect(text.output.contains("gone for"), "\(text.output)")
    let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
    #expect(
      log.contains("\"event\":\"worker vanished\",\"worker\":\"\(name)\",\"clients\":\"2-3\""))
    #expect(try control("stop").status == 0)
    #expect(broker.status(within: 30) == 130)
    _ = crew.status(within: 30)
  }

  @Test func `a worker that hangs at work is named as silent, and when it is heard again`() throws {
    let topology = try topology(more: "\n  deadline: 30 s")
    let broker = try broker(topology)
    let crew = try worker(topology, "0-3")
    #expect(broker.says("round 1/204"), "\(broker.standardError)")
    crew.send(SIGSTOP)
    #expect(
      broker.says("nothing heard for 2.00 s of worker", within: 20), "\(broker.standardError)")
    crew.send(SIGCONT)
    #expect(broker.says("heard again: worker", within: 20), "\(broker.standardError)")
    #expect(try control("stop").status == 0)
    #expect(broker.status(within: 30) == 130)
    _ = crew.status(within: 30)
  }

  @Test func `a line of the allow-list lets a worker in while the run goes on`() throws {
    let topology = try topology()
    let keys = folder.path("keys")
    for arguments in [
      ["broker", "--out", keys],
      ["worker", "site-1", "--clients", "0-2", "--out", keys, "--allow", "\(keys)/allow.list"],
      ["worker", "site-2", "--clients", "3", "--out", keys],
    ] {
      #expect(try said(["keys"] + arguments).status == 0)
    }
    let broker = try broker(
      topology, "--keys", "\(keys)/broker.secret", "--allow", "\(keys)/allow.list")
    func secured(_ name: String) -> [String] {
      ["--keys", "\(keys)/\(name).secret", "--broker-key", "\(keys)/broker.public"]
    }
    let first = try worker(topology, "0-2", secured("site-1"))
    #expect(
      broker.says("here: worker site-1 at 127.0.0.1, with 3 clients: 0-2"),
      "\(broker.standardError)")
    let text = try String(contentsOfFile: "\(keys)/site-2.public", encoding: .utf8)
    let key = try #require(
      text.split(whereSeparator: \.isWhitespace).first { $0.utf8.count == 40 }.map(String.init))
    #expect(try control("evict", "3").status == 0)
    let admitted = try control("admit", "site-2", key, "3")
    #expect(admitted.status == 0, "\(admitted)")
    #expect(
      admitted.output.contains("worker site-2 may come in")
        && admitted.output.contains("let in again"))
    #expect(
      try control("admit", "site-2", key, "3").errors.contains("site-2"), "it is there already")
    #expect(try String(contentsOfFile: "\(keys)/allow.list", encoding: .utf8).contains("site-2 "))
    let second = try worker(topology, "3", secured("site-2"))
    #expect(broker.says("here: worker site-2"), "\(broker.standardError)")
    #expect(broker.says("round 1/204"), "\(broker.standardError)")
    #expect(try control("stop").status == 0)
    #expect(broker.status(within: 30) == 130)
    for worker in [first, second] { _ = worker.status(within: 30) }
  }

  @Test func `the address of the live page tells from another host who is there`() throws {
    let topology = try topology()
    let web = try freePorts()
    let broker = try broker(topology, "--serve", "127.0.0.1:\(web)")
    let crew = try worker(topology, "0-1")
    #expect(broker.says("here: worker"), "\(broker.standardError)")
    for place in ["127.0.0.1:\(web)", "http://127.0.0.1:\(web)/"] {
      let text = try said(["status", place])
      #expect(text.status == 0 && text.output.contains("waiting: 2 of 4 needed"), "\(text)")
    }
    let json = try said(["status", "127.0.0.1:\(web)", "--json"])
    #expect(json.output.contains("\"name\":\"tiny\"") && json.output.contains("\"workers\":[{"))
    #expect(try said(["status", "127.0.0.1:1"]).status == 69)
    #expect(try control("stop").status == 0)
    #expect(broker.status(within: 30) == 130)
    _ = crew.status(within: 30)
  }

  @Test
  func `a simulation in real time is steered alike, and one in virtual time says that it isn't`()
    throws
  {
    let topology = try topology()
    let local = try Command([
      "simulate", topology, "--clock", "real", "--out", run,
    ])
    #expect(local.says("round 2/204"), "\(local.standardError)")
    #expect(try control("pause").status == 0)
    #expect(try comes { $0["paused"] as? Bool == true && $0["state"] as? String == "waiting" })
    #expect(try control("resume").status == 0)
    #expect(try control("drain").status == 0)
    #expect(local.status(within: 30) == 130, "\(local.standardError)")

    let other = folder.path("virtual")
    let virtual = try Command(["simulate", topology, "--out", other])
    #expect(virtual.says("round 1/204"), "\(virtual.standardError)")
    for arguments in [["control", other, "pause"], ["status", other]] {
      let said = try said(arguments)
      #expect(said.status == 69 && said.errors.contains("virtual time"), "\(said.errors)")
    }
    virtual.send(SIGINT)
    _ = virtual.status(within: 30)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to become another user"))
  func `another user can neither see nor steer a run, even where the file lets him`() throws {
    let topology = try topology()
    let broker = try broker(topology)
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    // The test's own folder is open to others.
    let root = URL(fileURLWithPath: run).deletingLastPathComponent().path
    for path in [root, run] {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    for arguments in [["control", run, "stop"], ["status", run]] {
      let closed = try said(arguments, within: nobody)
      #expect(
        closed.status == 69 && closed.errors.contains("another user's broker"), "\(closed.errors)")
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o666], ofItemAtPath: "\(run)/control.sock")
    let open = try said(["control", run, "stop"], within: nobody)
    #expect(open.status == 69 && open.errors.contains("only user 0"), "\(open.errors)")
    #expect(try control("stop").status == 0)
    #expect(broker.status(within: 30) == 130)
    let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
    #expect(log.contains("\"event\":\"control refused\",\"user\":65534"))
  }

  @Test func `orders that there aren't, and runs that there aren't, are refused with what to do`()
    throws
  {
    let wrong = try control("dance")
    #expect(wrong.status == 64 && wrong.errors.contains("say pause, resume"), "\(wrong.errors)")
    let missing = try control("pause")
    #expect(missing.status == 69 && missing.errors.contains(run), "\(missing.errors)")
    #expect(try said(["control", "--help"]).output.contains("drain"))
    #expect(try said(["control", run, "--help"]).output.contains("drain"))
  }
}
