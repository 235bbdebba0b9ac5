import Federation
import Foundation
import LocalTraining
import Models
import Tensors
import TestSupport
import Testing
import Topology
import Wire

/// Trainer programs that do what they should, and programs that don't.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct TrainerProgramTests {
  /// A result's reason and words; nil where there is an update.
  private func failure(_ result: LocalResult) -> (DeclineReason, String)? {
    guard case .failed(let reason, let detail) = result else { return nil }
    return (reason, detail)
  }

  @Test func `a program's values come back as an update`() throws {
    let bench = try TrainerBench()
    let result = try bench.train(client: 1)
    guard case .trained(let offer, _, _) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(offer.samples == 23 && offer.steps == 4 && offer.loss > 0)
    let update = try bench.update(result)
    #expect(update.map(\.layout.name) == ["block1", "head1"])
    #expect(update.allSatisfy { $0.scalars.contains { $0 != 0 } })
    #expect(bench.lines.isEmpty)
  }

  @Test func `only what is trained is asked for`() throws {
    let bench = try TrainerBench()
    let result = try bench.train(stage: 2, trained: ["block2", "head2"])
    let update = try bench.update(result, stage: 2, trained: ["block2", "head2"])
    #expect(update.map(\.layout.name) == ["block2", "head2"])
  }

  @Test func `the same order gives the same update, whatever was asked before`() throws {
    let bench = try TrainerBench()
    let first = try bench.update(bench.train(client: 2, round: 3))
    _ = try bench.train(client: 1, round: 3)
    #expect(try bench.update(bench.train(client: 2, round: 3)) == first)
    #expect(try bench.update(bench.train(client: 2, round: 4)) != first)
    #expect(try bench.update(TrainerBench().train(client: 2, round: 3)) == first)
  }

  @Test func `counts and scores are the program's`() throws {
    let bench = try TrainerBench()
    #expect(
      bench.programs.holding(of: 3) == .own(SampleCounts(training: 29, heldOut: 5)))
    guard case .scored(let scores) = try bench.evaluate(client: 3) else {
      Issue.record("no scores")
      return
    }
    #expect(scores.samples == 5 && scores.points == 5 && scores.loss > 0)
  }

  @Test func `counts are told by the unit that the topology says`() throws {
    let bench = try TrainerBench { $0 + "data: {from: trainer, roundSamples: 10}\n" }
    #expect(
      bench.programs.holding(of: 1) == .own(SampleCounts(training: 30, heldOut: 10)))
    guard case .trained(let offer, _, _) = try bench.train(client: 1) else {
      Issue.record("no update")
      return
    }
    #expect(offer.samples == 30)
  }

  @Test(arguments: [
    ("hangs", DeclineReason.failed, "was silent for"),
    ("nonsense", .failed, "isn't an object of JSON"), ("array", .failed, "isn't an object of JSON"),
    ("long", .failed, "a line of more than 16 MiB"), ("otherId", .failed, "its id isn't that"),
    ("nan", .diverged, "aren't finite"), ("shape", .failed, "has the shape"),
    ("lacks", .failed, "it has no block1."), ("noFile", .failed, "there is none"),
    ("broken", .failed, "a file that isn't what was asked for"),
    ("noSteps", .failed, "steps isn't"), ("manySamples", .failed, "samples isn't"),
    ("negativeLoss", .failed, "loss isn't"), ("error", .diverged, "answers diverged"),
  ])
  func `what is no update is declined, and the next client is served`(
    fault: String, reason: DeclineReason, words: String
  ) throws {
    let bench = try TrainerBench(["\(fault)@1"]) {
      $0.replacing("silence: 20 s", with: fault == "hangs" ? "silence: 500 ms" : "silence: 60 s")
    }
    let failed = try #require(failure(try bench.train()))
    #expect(failed.0 == reason && failed.1.contains(words), "\(failed)")
    #expect(!failed.1.contains(bench.folder.url.path), "no path goes to a broker")
    let line = try #require(bench.lines.first)
    #expect(line.hasPrefix("client 0, round 1: python3 trainer.py"), "\(line)")
    // The program that answered with an error goes on: its last words aren't its last.
    #expect(line.contains("about to do wrong: \(fault)") == (fault != "error"), "\(line)")
    _ = try bench.update(bench.train(round: 2))
  }

  @Test(arguments: ["dies", "killed", "half"])
  func `a program that dies is asked again once`(fault: String) throws {
    let expected = try TrainerBench()
    let bench = try TrainerBench(["\(fault)@1@mark"])
    #expect(try bench.update(bench.train()) == expected.update(expected.train()))
    #expect(bench.lines.count == 1 && bench.lines[0].hasSuffix("it is started again"))
    let hopeless = try TrainerBench([fault])
    let failed = try #require(failure(try hopeless.train()))
    #expect(failed.0 == .failed && failed.1.contains("before it answered"), "\(failed)")
    #expect(hopeless.lines.count == 2, "\(hopeless.lines)")
  }

  @Test func `what libraries print before the first answer is passed over`() throws {
    let bench = try TrainerBench(["greets"])
    _ = try bench.update(bench.train())
    #expect(bench.lines.isEmpty)
  }

  @Test func `a flood of errors is no fault`() throws {
    let bench = try TrainerBench(["flood"])
    _ = try bench.update(bench.train())
    #expect(bench.lines.isEmpty)
  }

  @Test func `a program that ignores quit is ended`() throws {
    let bench = try TrainerBench(["stays"])
    let begin = ContinuousClock.now
    bench.programs.end()
    #expect(ContinuousClock.now - begin < .seconds(30))
    #expect(ContinuousClock.now - begin > .seconds(4))
  }

  @Test func `a program's memory is bounded`() throws {
    let error = #expect(throws: TrainerStartError.self) {
      _ = try TrainerBench { $0.replacing("silence: 20 s", with: "memory: 1 MiB") }
    }
    guard case .failed = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a program that isn't there, or isn't a trainer, is refused`() throws {
    for (program, words) in [
      ("no-such-program", "can't be started"), ("sh, -c, exit 7", "status 7"),
      ("sh, -c, \"read line; echo hello there\"", "isn't an object"),
    ] {
      let error = #expect(throws: TrainerStartError.self) {
        _ = try TrainerBench { $0.replacing("python3, trainer.py", with: program) }
      }
      #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
    }
  }

  @Test func `a program of another model is refused`() throws {
    let folder = try Folder()
    let path = try TestTrainer.write(into: folder.url, topology: TestTrainer.topology())
    _ = try folder.write(
      TestTrainer.manifest.replacing("shape: [3, 3]", with: "shape: [3, 5]"), to: "net.yaml")
    let error = #expect(throws: TrainerStartError.self) {
      _ = try ClientData(Topology(contentsOf: path), at: nil, of: [0])
    }
    #expect("\(try #require(error))".contains("block2 has w of 3×3 where w of 3×5 should be"))
  }

  @Test(arguments: [
    ("epochs: 2", "epochs: 2, correction: scaffold", "training.correction"),
    ("epochs: 2", "epochs: 2, proximal: 0.1", "training.proximal"),
    ("epochs: 2", "epochs: 2, clipNorm: 3", "training.clipNorm"),
    ("epochs: 2", "epochs: 2, lossLimit: 3", "training.lossLimit"),
    ("warmUp: 1", "warmUp: 1, ramp: 2", "stages.ramp"),
  ])
  func `what a program doesn't support is refused by the key that asks for it`(
    old: String, new: String, key: String
  ) throws {
    let error = #expect(throws: TrainerStartError.self) {
      _ = try TrainerBench { $0.replacing(old, with: new) }
    }
    #expect("\(try #require(error))".contains("\(key) asks for"), "\(String(describing: error))")
  }

  @Test func `a training that isn't needed any more is given up`() throws {
    let bench = try TrainerBench(["hangs@1"])
    let begin = ContinuousClock.now
    let result = try bench.train(isCancelled: { ContinuousClock.now - begin > .seconds(1) })
    #expect(failure(result) != nil)
    #expect(ContinuousClock.now - begin < .seconds(18), "before it is silent for too long")
    _ = try bench.update(bench.train(round: 2))
  }

  @Test func `a topology without a program is told so`() throws {
    let folder = try Folder()
    let path = try TestTrainer.write(into: folder.url, topology: TestTrainer.topology())
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let bare = try folder.write(
      text.replacing("program: [python3, trainer.py], ", with: "").replacing(
        "limits: {silence: 20 s}", with: "batch: 3"), to: "bare.yaml")
    let error = #expect(throws: TrainerStartError.self) {
      _ = try ClientData(Topology(contentsOf: bare), at: nil, of: [0])
    }
    #expect("\(try #require(error))".contains("training: {program:"))
  }

  @Test func `several clients can't share one path of samples`() throws {
    #expect(throws: ClientPathsError.self) { _ = try TrainerBench(data: "samples") }
    _ = try TrainerBench(data: "samples/{client}")
  }

  @Test func `the program's model is described`() throws {
    let folder = try Folder()
    let path = try TestTrainer.write(into: folder.url, topology: TestTrainer.topology())
    let settings = try #require(try TrainerSettings(contentsOf: path))
    let described = try TrainerDescription(settings, values: folder.url.appending(path: "x"))
    #expect(described.manifest == (try Topology(contentsOf: path)).architecture.manifest)
    #expect(!described.hasValues)
  }
}
