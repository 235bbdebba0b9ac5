import Foundation
import TestSupport
import Testing

/// Runs whose fleet is too small, for a while or for good, and runs in which nothing is learnt.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ShortageRunTests {
  private struct Summary: Decodable {
    struct Round: Decodable {
      var selected: Int
      var accepted: Int
      var refused: Int
    }
    struct Final: Decodable {
      var modelDigest: String?
    }
    struct Load: Decodable {
      struct Traffic: Decodable {
        var payload: Int
      }
      var down: Traffic
      var up: Traffic
    }
    var state: String
    var problem: String?
    var elapsed: Double
    var rounds: [Round]
    var totals: Load
    var final: Final
  }

  private static func summary(_ text: String) throws -> Summary {
    try JSONDecoder().decode(Summary.self, from: Data(text.utf8))
  }

  /// What a command came to, and its status.
  private static func play(
    _ arguments: [String]
  ) throws -> (status: Int32?, summary: Summary, errors: String) {
    let run = try Command(arguments + ["--json"])
    let status = run.status()
    return (status, try summary(run.standardOutput), run.standardError)
  }

  /// Twenty clients of which ten leave, and fifteen are needed.
  private static func fleet(_ more: String, participation: String = "minimum: 15") -> String {
    """
    name: few
    seed: 7
    clients: 20
    rounds: 30
    model: {name: convnet}
    data: {name: synthetic, limit: {train: 2000, test: 100}}
    participation: {deadline: 5 min, \(participation)}
    \(more)
    """
  }

  // MARK: Too few clients

  @Test(arguments: [
    // Devices that leave for good, the others always there or in turns.
    """
    devices: {goes: {speed: 1 GFLOP/s, leaves: 60 s}, stays: {speed: 1 GFLOP/s}}
    groups: {a: {clients: 10, device: goes}, b: {device: stays}}
    """,
    """
    devices: {goes: {speed: 1 GFLOP/s, leaves: 60 s}, stays: {speed: 1 GFLOP/s}}
    availability: {turns: {on: 10 min, off: 1 min}}
    groups: {a: {clients: 10, device: goes}, b: {device: stays, availability: turns}}
    """,
    // Faults that are never undone.
    """
    groups: {a: {clients: 10, link: lte}, b: {link: lte}}
    faults: [{round: 3, do: kill, target: a}]
    """,
    """
    groups: {a: {clients: 10, link: lte}, b: {link: lte}}
    faults: [{at: 20 s, do: partition, target: a}, {every: 10 s, do: slow, factor: 0.9, for: 1 s}]
    """,
    """
    groups: {a: {clients: 10, link: lte}, b: {link: lte}}
    faults: [{at: 20 s, do: kill, target: a}, {every: 1 h, do: restart, for: 10 s}]
    """,
  ])
  func `a fleet that can't reach the minimum again ends the run, which may go on`(
    fleet: String
  ) throws {
    let folder = try Folder()
    let file = try folder.write(Self.fleet(fleet), to: "few.yaml")
    let run = folder.path("run")
    let first = try Self.play(["simulate", file, "--cost-model", "--out", run])
    #expect(first.status == 69, "\(first.errors)")
    #expect(first.errors.contains("10 of 15 clients"), "\(first.errors)")
    #expect(first.errors.contains("not here: 0-9"), "\(first.errors)")
    #expect(first.errors.contains("--resume \(run)"))
    #expect(first.summary.state == "aborted")
    #expect(first.summary.problem?.contains("10 of 15 clients") == true)
    #expect((1..<30).contains(first.summary.rounds.count))
    #expect(first.summary.elapsed < 3600)
    let again = try Self.play([
      "simulate", "--cost-model", "--quiet", "--resume", run, "--set", "participation.minimum=10",
    ])
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.summary.state == "done" && again.summary.problem == nil)
    #expect(again.summary.rounds.count == 30)
  }

  @Test func `a fleet that may come back is waited for as long as the topology says`() throws {
    let folder = try Folder()
    let turns = """
      availability: {turns: {on: 30 s, off: 60 s}}
      groups: {a: {availability: turns, link: lte}}
      """
    let file = try folder.write(
      Self.fleet(turns, participation: "minimum: 20, patience: 2 h"), to: "few.yaml")
    let run = try Self.play(["simulate", file, "--cost-model", "--out", folder.path("run")])
    #expect(run.status == 69, "\(run.errors)")
    #expect(
      run.errors.contains("of 20 clients that a round needs are here, after 2 h 0 m of waiting"))
    #expect(run.summary.state == "aborted")
    #expect((7200..<7210).contains(run.summary.elapsed))
  }

  @Test(arguments: [
    "faults: [{round: 3, do: kill, target: a, for: 40 h}]",
    // A restart of the broker doesn't begin the waiting anew, nor end it.
    "faults: [{round: 3, do: kill, target: a, for: 40 h}, {every: 10 h, do: restart, for: 30 s}]",
  ])
  func `faults that end are waited for`(faults: String) throws {
    let folder = try Folder()
    let file = try folder.write(
      Self.fleet("groups: {a: {clients: 10, link: lte}, b: {link: lte}}\n" + faults),
      to: "few.yaml")
    let run = try Self.play([
      "simulate", file, "--cost-model", "--quiet", "--out", folder.path("run"),
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.summary.elapsed > 40 * 3600)
    let impatient = try Self.play([
      "simulate", file, "--cost-model", "--quiet", "--out", folder.path("impatient"), "--set",
      "participation.patience=25 h",
    ])
    #expect(impatient.status == 69, "\(impatient.errors)")
    #expect((25 * 3600..<26 * 3600).contains(Int(impatient.summary.elapsed)))
  }

  @Test func `a run with trainings that was given up goes on and comes to the same`() throws {
    let folder = try Folder()
    let file = try folder.write(
      TinyRun.topology(rounds: "[1, 1, 4]", participation: "  minimum: 3") + "\n"
        + """
        devices: {goes: {speed: 1 GFLOP/s, leaves: 1500 ms}, stays: {speed: 1 GFLOP/s}}
        groups: {a: {clients: 2, device: goes}, b: {device: stays}}
        """, to: "tiny.yaml")
    let lower = ["--quiet", "--set", "participation.minimum=2"]
    let first = try Self.play(["simulate", file, "--out", folder.path("run"), "--quiet"])
    #expect(first.status == 69 && first.summary.state == "aborted", "\(first.errors)")
    #expect((1..<6).contains(first.summary.rounds.count), "\(first.errors)")
    let resumed = try Self.play(["simulate", "--resume", folder.path("run")] + lower)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(!resumed.errors.contains("from its beginning"))
    let whole = try Self.play(["simulate", file, "--out", folder.path("whole")] + lower)
    #expect(resumed.summary.final.modelDigest == whole.summary.final.modelDigest)
    #expect(whole.summary.final.modelDigest != nil)
  }

  @Test func `a broker says for whom it waits, gives up in time, and goes on when they are back`()
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology(participation: "  minimum: 3\n  joinTimeout: 1 s\n  patience: 3 s"),
      to: "tiny.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let bind = ["broker", topology, "--bind", endpoint]
    let broker = try Command(bind + ["--out", folder.path("run"), "--json"])
    #expect(broker.says("listening"))
    let half = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-1"])
    #expect(broker.status(within: 60) == 69, "\(broker.standardError)")
    #expect(broker.standardError.contains("waiting for clients: 2 of 3 are here; not here: 2-3"))
    #expect(broker.standardError.contains("2 of 3 clients that a round needs are here, after 3"))
    #expect(try Self.summary(broker.standardOutput).state == "aborted")
    #expect(half.status() == 69, "\(half.standardError)")

    let second = try Command(bind + ["--resume", folder.path("run"), "--json"])
    #expect(second.says("listening"))
    let whole = try Command(["worker", topology, "--connect", endpoint, "--clients", "0-3"])
    #expect(second.status() == 0, "\(second.standardError)")
    #expect(whole.status() == 0, "\(whole.standardError)")
    #expect(try Self.summary(second.standardOutput).state == "done")
  }

  // MARK: Clients without samples

  @Test(arguments: ["uniform", "fair", "available"])
  func `who has no samples is asked once on either clock, and is sent nothing`(
    sampling: String
  ) throws {
    let folder = try Folder()
    let text = TinyRun.topology(participation: "  sampling: \(sampling)")
      .replacing("clients: 4", with: "clients: 6")
      .replacing("  limit:", with: "  partition: {dirichlet: 0.02, minimum: 0}\n  limit:")
      .replacing("perRound: 3", with: "perRound: 5").replacing("train: 160", with: "train: 200")
    let file = try folder.write(text, to: "tiny.yaml")
    let runs = try ["virtual", "real"].map { clock in
      try Self.play([
        "simulate", file, "--clock", clock, "--out", folder.path(clock), "--rounds", "6",
      ])
    }
    for run in runs {
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("it has no samples"))
      // One of the six has none.
      #expect(run.summary.rounds.reduce(0) { $0 + $1.refused } == 1)
      // An update is as long as the model and its framing: nobody fetched the one without giving
      // the other.
      #expect(run.summary.totals.down.payload <= run.summary.totals.up.payload)
    }
    #expect(runs[0].summary.final.modelDigest == runs[1].summary.final.modelDigest)
    #expect(runs[0].summary.totals.down.payload == runs[1].summary.totals.down.payload)
  }

  @Test func `fair sampling doesn't starve the fleet of those who deliver`() throws {
    let folder = try Folder()
    let file = try folder.write(
      """
      name: fair
      seed: 7
      clients: 40
      rounds: 15
      model: {name: convnet}
      data: {name: synthetic, limit: {train: 4000, test: 100}}
      participation: {perRound: 8, deadline: 2 min}
      devices: {slow: {speed: 1 MFLOP/s}, fast: {speed: 1 GFLOP/s}}
      groups: {slow: {clients: 10, device: slow}, fast: {device: fast}}
      """, to: "fair.yaml")
    let accepted = try ["fair", "uniform"].map { sampling in
      let run = try Self.play([
        "simulate", file, "--cost-model", "--quiet", "--out", folder.path(sampling), "--set",
        "participation.sampling=\(sampling)",
      ])
      #expect(run.status == 0, "\(run.errors)")
      return run.summary.rounds.reduce(0) { $0 + $1.accepted }
    }
    // 120 were asked, a quarter of them slow.
    #expect(accepted[0] >= 85 && accepted[1] >= 85, "\(accepted)")
  }

  // MARK: Nothing learnt

  @Test func `a run in which no update came in time says so, with a status of its own`() throws {
    let folder = try Folder()
    let file = try folder.write(
      TinyRun.topology(participation: "  deadline: 50 ms") + "\n"
        + "devices: {slow: {speed: 1 MFLOP/s}}\ngroups: {a: {device: slow}}\n", to: "tiny.yaml")
    for options in [[], ["--cost-model"]] {
      let run = folder.path("run\(options.count)")
      let first = try Self.play(["simulate", file, "--quiet", "--out", run] + options)
      #expect(first.status == 79, "\(first.errors)")
      #expect(first.summary.state == "fruitless")
      #expect(first.summary.problem?.contains("no update counted") == true)
      #expect(first.errors.contains("no update counted in any round"), "\(first.errors)")
      #expect(first.errors.contains("participation.deadline"))
      let again = try Self.play(["simulate", "--resume", run] + options)
      #expect(again.status == 79 && again.summary.state == "fruitless", "\(again.errors)")
      let report = try Command(["report", run])
      #expect(report.status() == 0)
      #expect(report.standardOutput.contains("fruitless"))
      #expect(report.standardOutput.contains("no update counted"))
    }
  }

  @Test func `a run in which every update was refused says so on real sockets, too`() throws {
    let folder = try Folder()
    let file = try folder.write(
      TinyRun.topology() + "\n  updateNorm: 1e-9\n", to: "tiny.yaml")
    let simulated = try Self.play([
      "simulate", file, "--clock", "real", "--out", folder.path("simulated"),
    ])
    #expect(simulated.status == 79 && simulated.summary.state == "fruitless")
    #expect(simulated.summary.rounds.allSatisfy { $0.refused == 3 && $0.accepted == 0 })
    #expect(simulated.errors.contains("why they were refused"), "\(simulated.errors)")

    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", file, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    #expect(broker.says("listening"))
    let worker = try Command(["worker", file, "--connect", endpoint, "--clients", "0-3"])
    #expect(broker.status() == 79, "\(broker.standardError)")
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(try Self.summary(broker.standardOutput).state == "fruitless")
  }

  @Test func `a sweep tells the runs in which no update counted, and compares the others`() throws {
    let folder = try Folder()
    _ = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let sweep = try folder.write(
      """
      topology: tiny.yaml
      seeds: [7]
      runs:
        sound: {}
        vain: {limits.updateNorm: 1.0e-9}
      """, to: "sweep.yaml")
    let arguments = ["sweep", sweep, "--out", folder.path("out")]
    for _ in 0..<2 {
      let run = try Command(arguments)
      #expect(run.status() == 79, "\(run.standardError)")
      #expect(run.standardError.contains("vain-7: no update counted in any round"))
      #expect(run.standardError.contains("no update counted in a run: vain-7"))
      #expect(run.standardOutput.contains("Left out, as no update counted in them: vain-7"))
    }
    let json = try Command(arguments + ["--format", "json"])
    #expect(json.status() == 79)
    #expect(json.standardOutput.contains(#""fruitless":["vain-7"]"#))
  }
}
