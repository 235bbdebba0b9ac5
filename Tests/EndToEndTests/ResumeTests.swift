import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ResumeTests {
  @Test(arguments: [SIGINT, SIGTERM])
  func `a run that was stopped says how to go on, and ends in the same model`(signal: CInt) throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[2, 4, 2]"), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let run = folder.path("run")
    let stopped = try Command(["simulate", topology, "--clock", "real", "--out", run])
    #expect(stopped.says("round 2/8"), "\(stopped.standardError)")
    stopped.send(signal)
    #expect(stopped.status(within: 30) == 130, "\(stopped.standardError)")
    #expect(stopped.standardError.contains("go on with --resume \(run)"))
    let resumed = try Command(["simulate", "--resume", run])
    #expect(resumed.status(within: 60) == 0, "\(resumed.standardError)")
    #expect(resumed.standardError.contains("of 8"))
    let ledger = try TinyRun.Ledger(at: run)
    #expect(ledger.digest == expected && ledger.state == "done")
    #expect(ledger.accepted.count == 24 && Set(ledger.accepted).count == 24)

    let again = try Command(["simulate", "--resume", run])
    #expect(again.status(within: 30) == 0)
    #expect(again.standardError.contains("finished"))
    #expect(again.standardOutput.contains(expected.prefix(16)))
  }

  @Test func `workers that stay are there when a stopped broker returns`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[2, 4, 2]"), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let (run, endpoint) = (folder.path("run"), "ipc://\(folder.path("socket"))")
    let broker = try Command(["broker", topology, "--bind", endpoint, "--out", run])
    let command = ["worker", topology, "--connect", endpoint, "--threads", "1", "--clients"]
    let (stays, leaves) = (try Command(command + ["0-2", "--stay"]), try Command(command + ["3"]))
    #expect(broker.says("round 2/8"), "\(broker.standardError)")
    broker.send(SIGTERM)
    #expect(broker.status(within: 30) == 130, "\(broker.standardError)")
    #expect(leaves.status(within: 30) == 69)
    #expect(leaves.standardError.contains("--stay"))
    #expect(stays.says("waiting for its return"), "\(stays.standardError)")
    let resumed = try Command(["broker", "--resume", run, "--bind", endpoint])
    let joins = try Command(command + ["3"])
    #expect(resumed.status(within: 60) == 0, "\(resumed.standardError)")
    for worker in [stays, joins] {
      #expect(worker.status(within: 30) == 0, "\(worker.standardError)")
    }
    #expect(try TinyRun.Ledger(at: run).digest == expected)
  }

  /// What starts the broker may have blocked the signals, and threads inherit that.
  @Test(arguments: [[], ["--block-signal=INT", "--block-signal=TERM"]])
  func `a second signal ends at once`(within wrapper: [String]) throws {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology().replacing("farewell: 500 ms", with: "farewell: 1 min"), to: "tiny.yaml")
    let endpoint = "ipc://\(folder.path("socket"))"
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run")], within: wrapper)
    // A worker that can't hear the farewell: the broker would repeat it for a minute.
    let worker = try Command([
      "worker", topology, "--connect", endpoint, "--clients", "0", "--threads", "1",
    ])
    #expect(broker.says("1 of 4 are here"), "\(broker.standardError)")
    worker.send(SIGSTOP)
    broker.send(SIGTERM)
    #expect(broker.says("interrupt again"))
    broker.send(SIGINT)
    #expect(broker.status(within: 10) == SIGINT)
    worker.send(SIGKILL)
  }

  @Test func `a run goes on with what it began with alone`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let other = try folder.write(
      TinyRun.topology(seed: 8).replacing("up: linear8", with: "up: linear4"), to: "other.yaml")
    let run = folder.path("run")
    let killed = try Command(
      ["simulate", topology, "--clock", "real", "--out", run],
      environment: ["PROGFED_KILL_AT": "round-closed:2"])
    #expect(killed.status(within: 60) == SIGKILL)
    let wrong = try Command(["simulate", other, "--clock", "real", "--resume", run])
    #expect(wrong.status(within: 30) == 65)
    for text in ["other.yaml", "seed: 7 then, 8 now", "linear8 then, linear4 now"] {
      #expect(wrong.standardError.contains(text), "\(wrong.standardError)")
    }
    let override = try Command(["simulate", "--resume", run, "--seed", "9"])
    #expect(override.status(within: 30) == 65)
    #expect(override.standardError.contains("seed: 7 then, 9 now"))
    let both = try Command(["simulate", topology, "--clock", "real", "--resume", run, "--out", run])
    #expect(both.status(within: 30) == 64)
    let onto = try Command(["simulate", topology, "--clock", "real", "--out", run])
    #expect(onto.status(within: 30) == 69)
    #expect(onto.standardError.contains("--resume"))
    let same = try Command(["simulate", topology, "--clock", "real", "--resume", run, "--quiet"])
    #expect(same.status(within: 60) == 0, "\(same.standardError)")
  }

  @Test func `one command line begins a run and goes on with it`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let command = [
      "simulate", topology, "--clock", "real", "--resume", folder.path("run"), "--quiet",
    ]
    let first = try Command(command, environment: ["PROGFED_KILL_AT": "update-acknowledged:4"])
    #expect(first.status(within: 60) == SIGKILL)
    #expect(first.standardError.contains("a new run begins"))
    #expect(try Command(command).status(within: 60) == 0)
    let ledger = try TinyRun.Ledger(at: folder.path("run"))
    #expect(ledger.state == "done" && ledger.epochs.count == 2)
  }

  @Test func `a second broker on a run directory is turned away`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let run = folder.path("run")
    let first = try Command([
      "broker", topology, "--bind", "ipc://\(folder.path("first"))", "--out", run,
    ])
    #expect(first.says("listening"))
    for arguments in [["--resume", run], [topology, "--out", run]] {
      let second = try Command(
        ["broker", "--bind", "ipc://\(folder.path("second"))"] + arguments)
      #expect(second.status(within: 30) == 69)
      #expect(second.standardError.contains(run), "\(second.standardError)")
    }
    first.send(SIGINT)
    #expect(first.status(within: 20) == 130)
  }

  @Test func `a damaged checkpoint is told, and the one before it used`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let run = folder.path("run")
    let killed = try Command(
      ["simulate", topology, "--clock", "real", "--out", run],
      environment: ["PROGFED_KILL_AT": "round-opened:4"])
    #expect(killed.status(within: 60) == SIGKILL)
    try damage(folder.url.appending(path: "run/checkpoint/round-3.safetensors"))
    let resumed = try Command(["simulate", "--resume", run])
    #expect(resumed.status(within: 60) == 0, "\(resumed.standardError)")
    #expect(resumed.standardError.contains("round-3.safetensors: damaged"))
    #expect(resumed.standardError.contains("goes on with round 3 of 4"))
    let ledger = try TinyRun.Ledger(at: run)
    #expect(ledger.digest == expected)
    #expect(ledger.accepted.count == 12 && Set(ledger.accepted).count == 12)
  }

  @Test func `a run without a whole checkpoint can't go on, and says so`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let run = folder.path("run")
    let killed = try Command(
      ["simulate", topology, "--clock", "real", "--out", run],
      environment: ["PROGFED_KILL_AT": "round-opened:4"])
    #expect(killed.status(within: 60) == SIGKILL)
    for round in 2...3 {
      try damage(folder.url.appending(path: "run/checkpoint/round-\(round).safetensors"))
    }
    let resumed = try Command(["simulate", "--resume", run])
    #expect(resumed.status(within: 30) == 65)
    #expect(resumed.standardError.contains("no checkpoint"), "\(resumed.standardError)")
    #expect(try TinyRun.Ledger(at: run).accepted.count == 9)
  }

  @Test func `a full disk stops a run that goes on when there is room`() throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let expected = try #require(try TinyRun.digest(of: topology, in: folder))
    let run = folder.path("run")
    // Enough for the ledger and the first stages; the last stage's updates and model are longer.
    let full = try Command(
      ["simulate", topology, "--clock", "real", "--out", run, "--quiet"], longestFile: 400 << 10)
    #expect(full.status(within: 60) == 69, "\(full.standardError)")
    #expect(full.standardError.contains("full"), "\(full.standardError)")
    #expect(full.standardError.contains("--resume"), "\(full.standardError)")
    let resumed = try Command(["simulate", "--resume", run, "--quiet"])
    #expect(resumed.status(within: 60) == 0, "\(resumed.standardError)")
    #expect(try TinyRun.Ledger(at: run).digest == expected)
  }

  private func damage(_ file: URL) throws {
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 0x10
    try bytes.write(to: file)
  }
}
