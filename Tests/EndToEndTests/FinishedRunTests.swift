import Foundation
import Tensors
import TestSupport
import Testing

/// What --resume and --extend make of runs that are finished.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct FinishedRunTests {
  private struct Result: Decodable {
    struct Origin: Decodable {
      var run: String
      var rounds: Int
      var modelDigest: String
    }
    struct Round: Decodable {
      var round: Int
      var stage: Int
      var warmUp: Bool
    }
    struct Final: Decodable {
      var modelDigest: String
    }
    var clock: String
    var rounds: [Round]
    var final: Final
    var extends: Origin?
  }

  private let folder: Folder
  private let topology: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
  }

  private func play(_ arguments: [String]) throws -> Result {
    let command = try Command(["simulate"] + arguments + ["--json", "--quiet"])
    #expect(command.status() == 0, "\(command.standardError)")
    return try JSONDecoder().decode(Result.self, from: Data(command.standardOutput.utf8))
  }

  private func model(in run: String) throws -> [String: Tensor] {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(run)/model.safetensors"))
    return try SafeTensors(decoding: Array(bytes)).tensors
  }

  @Test(arguments: ["virtual", "real"])
  func `a finished run is shown as what it was, and as nothing else`(clock: String) throws {
    let run = folder.path("run")
    let result = try play([topology, "--clock", clock, "--out", run])
    // All rounds as the file has them, said in another way, are the same.
    let repeats: [[String]] = [
      [], [topology], ["--seed", "7"], ["--clock", clock], [topology, "--rounds", "4"],
    ]
    for same in repeats {
      let again = try Command(["simulate", "--resume", run] + same)
      #expect(again.status(within: 30) == 0, "\(same): \(again.standardError)")
      #expect(again.standardError.contains("finished") && again.standardError.contains("--extend"))
      #expect(again.standardOutput.contains(result.final.modelDigest.prefix(16)))
    }
    let other = try folder.write(
      TinyRun.topology() + "\nevaluation: {every: 2}", to: "other.yaml")
    let (mine, foreign) = clock == "real" ? ("real", "virtual") : ("virtual", "real")
    let modelled = clock == "real" ? "real time" : "cost model: "
    let others: [([String], String)] = [
      (["--rounds", "9"], "stages.rounds: "), (["--seed", "9"], "seed: 7 then, 9 now"),
      (["--strategy", "end-to-end"], "strategy: "), (["--up", "linear4"], "codecs.up: "),
      (["--set", "limits.silence=40 s"], "limits.silence: nothing then, 40 s now"),
      (["--set", "participation.minimum=3"], "participation.minimum: 4 then, 3 now"),
      (["--set", "nonsense=1"], "nonsense"), ([other], "evaluation.every: nothing then, 2 now"),
      (["no-such.yaml"], "no-such.yaml"), (["--clock", foreign], "\(mine) time"),
      (["--from", topology], "model.from"),
      (["--cost-model"], modelled),
    ]
    for (given, complaint) in others {
      let refused = try Command(["simulate", "--resume", run] + given)
      #expect(refused.status(within: 30) == 65, "\(given): \(refused.standardError)")
      #expect(refused.standardError.contains(complaint), "\(given): \(refused.standardError)")
      #expect(refused.standardOutput.isEmpty, "\(given)")
    }
    #expect(try TinyRun.Ledger(at: run).digest == result.final.modelDigest)
  }

  @Test(arguments: ["virtual", "real"])
  func `more rounds go on from the last model, as a run of its own that names its origin`(
    clock: String
  ) throws {
    let (run, more) = (folder.path("run"), folder.path("more"))
    let first = try play([topology, "--clock", clock, "--out", run])
    // Steps of nothing leave the model as it was: so it is that of the origin.
    _ = try play([
      "--resume", run, "--extend", "1", "--out", folder.path("still"), "--set",
      "training.learningRate=1e-30",
    ])
    let (before, after) = (try model(in: run), try model(in: folder.path("still")))
    #expect(!before.isEmpty && before.keys == after.keys)
    for (name, tensor) in before {
      let pairs = zip(tensor.scalars, after[name]?.scalars ?? [])
      #expect(pairs.allSatisfy { abs($0 - $1) < 1e-20 }, "\(name)")
    }
    let second = try play(["--resume", run, "--extend", "2", "--out", more])
    #expect(second.clock == clock)
    #expect(second.rounds.map(\.round) == [1, 2])
    #expect(second.rounds.allSatisfy { $0.stage == 3 && !$0.warmUp })
    #expect(second.final.modelDigest != first.final.modelDigest)
    let origin = try #require(second.extends)
    #expect(URL(fileURLWithPath: origin.run).path == run)
    #expect(origin.rounds == 4 && origin.modelDigest == first.final.modelDigest)
    // The origin is as it was, and the new run can be shown and extended itself.
    #expect(try TinyRun.Ledger(at: run).digest == first.final.modelDigest)
    let table = try Command(["report", more])
    #expect(table.status(within: 30) == 0)
    #expect(table.standardOutput.contains("goes on from"), "\(table.standardOutput)")
    let third = try play(["--resume", more, "--extend", "1", "--out", folder.path("third")])
    #expect(third.extends.map { URL(fileURLWithPath: $0.run).path } == more)
    #expect(try play(["--resume", more]).final.modelDigest == second.final.modelDigest)
  }

  @Test func `an extension that was killed goes on, and ends in the same model`() throws {
    let run = folder.path("run")
    _ = try play([topology, "--clock", "real", "--out", run])
    let extend = ["--resume", run, "--extend", "3", "--out"]
    let whole = try play(extend + [folder.path("whole")])
    let killed = try Command(
      ["simulate"] + extend + [folder.path("killed")],
      environment: ["PROGFED_KILL_AT": "round-closed:2"])
    #expect(killed.status(within: 60) == SIGKILL)
    let resumed = try play(["--resume", folder.path("killed")])
    #expect(resumed.final.modelDigest == whole.final.modelDigest)
    #expect(resumed.extends?.rounds == 4)
  }

  @Test func `a broker extends a run with workers that are told by how much`() throws {
    let run = folder.path("run")
    _ = try play([topology, "--clock", "real", "--out", run])
    let whole = try play(["--resume", run, "--extend", "2", "--out", folder.path("whole")])
    let endpoint = "ipc://\(folder.path("socket"))"
    let broker = try Command([
      "broker", "--resume", run, "--extend", "2", "--out", folder.path("more"), "--bind", endpoint,
    ])
    #expect(broker.says("--extend 2"), "\(broker.standardError)")
    let worker = try Command([
      "worker", topology, "--extend", "2", "--connect", endpoint, "--clients", "0-3",
    ])
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(try TinyRun.Ledger(at: folder.path("more")).digest == whole.final.modelDigest)
  }

  @Test func `what can't be extended is refused, and nothing is made`() throws {
    let run = folder.path("run")
    let modelled = try Command([
      "simulate", topology, "--cost-model", "--out", run, "--quiet", "--json",
    ])
    #expect(modelled.status() == 0, "\(modelled.standardError)")
    let wrong: [([String], Int32, String)] = [
      (["--resume", run, "--extend", "2"], 65, "trained nothing"),
      (["--resume", run, "--extend", "0"], 64, "--extend 0"),
      (["--resume", run, "--extend", "2", "--rounds", "4"], 64, "--rounds"),
      ([topology, "--resume", run, "--extend", "2"], 64, "topology"),
      ([topology, "--extend", "2"], 64, "--resume"),
      (["--resume", folder.path("none"), "--extend", "2"], 69, "no such run"),
    ]
    for (given, status, complaint) in wrong {
      let refused = try Command(["simulate"] + given + ["--out", folder.path("more")])
      #expect(refused.status(within: 30) == status, "\(given): \(refused.standardError)")
      #expect(refused.standardError.contains(complaint), "\(given): \(refused.standardError)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("more")))
    // A run of the cost model goes on as one, whether or not that is said again.
    let again = try Command(["simulate", "--resume", run])
    #expect(again.status(within: 30) == 0, "\(again.standardError)")
  }

  @Test func `a run whose checkpoints are damaged isn't extended, and that is said`() throws {
    let run = folder.path("run")
    _ = try play([topology, "--out", run])
    let checkpoints = URL(fileURLWithPath: "\(run)/checkpoint")
    for name in try FileManager.default.contentsOfDirectory(atPath: checkpoints.path) {
      try Data("x".utf8).write(to: checkpoints.appending(path: name))
    }
    let more = folder.path("more")
    let command = try Command(["simulate", "--resume", run, "--extend", "2", "--out", more])
    #expect(command.status() == 65)
    #expect(
      command.standardError.contains("damaged: no checkpoint in it can be read"),
      "\(command.standardError)")
    #expect(!FileManager.default.fileExists(atPath: more))
  }

  @Test func `an unfinished run in virtual time isn't played anew as another one`() throws {
    let run = folder.path("run")
    let killed = try Command(
      ["simulate", topology, "--out", run], environment: ["PROGFED_KILL_AT": "round-closed:2"])
    #expect(killed.status(within: 60) == SIGKILL)
    let others: [([String], String)] = [
      (["--seed", "9"], "seed: 7 then, 9 now"), (["--cost-model"], "cost model: "),
      (["--set", "participation.minimum=3"], "participation.minimum: 4 then, 3 now"),
    ]
    for (given, complaint) in others {
      let refused = try Command(["simulate", "--resume", run] + given)
      #expect(refused.status(within: 30) == 65, "\(given): \(refused.standardError)")
      #expect(refused.standardError.contains(complaint), "\(given): \(refused.standardError)")
    }
    #expect(try TinyRun.Ledger(at: run).accepted.count == 3)
    #expect(try play(["--resume", run]).rounds.count == 4)
  }
}
