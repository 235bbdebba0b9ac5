import Foundation
import Tensors
import TestSupport
import Testing

/// Runs whose clients correct their gradients (SCAFFOLD), or whose updates count step by step
/// (FedNova).
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct CorrectionRunTests {
  private static let scaffold = "training:\n  correction: scaffold"

  @Test(arguments: [
    "  up: linear8\n  down: linear8", "  up: eden2\n  down: linear8\n  downDelta: linear4",
    "  up: stc5\n  errorFeedback: true\n  down: linear8\n  downDelta: stc5",
  ])
  func `corrected gradients give one model, on any threads, clock, transport and workers`(
    codecs: String
  ) throws {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(rounds: "[2, 2, 2]", more: Self.scaffold).replacing(
        "  up: linear8\n  down: linear8", with: codecs), to: "scaffold.yaml")
    let single = try SmallRun.play(topology, to: folder.path("one"), ["--threads", "1"])
    #expect(single.rounds.allSatisfy { $0.accepted == 4 })
    let double = try SmallRun.play(topology, to: folder.path("two"), ["--threads", "2"])
    #expect(double.final.modelDigest == single.final.modelDigest)
    let inproc = try SmallRun.play(
      topology, to: folder.path("inproc"), ["--clock", "real", "--transport", "inproc"])
    #expect(inproc.final.modelDigest == single.final.modelDigest)
    #expect(inproc.rounds.map(\.down.payload) == single.rounds.map(\.down.payload))
    let endpoint = "ipc://\(folder.path("socket"))"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("broker"), "--json",
    ])
    let workers = try ["0-2", "3-7"].map {
      try Command(["worker", topology, "--connect", endpoint, "--clients", $0, "--threads", "1"])
    }
    #expect(broker.status() == 0, "\(broker.standardError)")
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    let parted = try SmallRun.summary(broker.standardOutput)
    #expect(parted.final.modelDigest == single.final.modelDigest)
  }

  @Test
  func
    `control variates are payload from the broker once they have moved, and nothing goes up for them`()
    throws
  {
    let folder = try Folder()
    let participation = "  perRound: 8"
    let plain = try SmallRun.play(
      try folder.write(
        SmallRun.topology(participation: participation, rounds: "[2, 3, 3]"), to: "plain.yaml"),
      to: folder.path("plain"), ["--threads", "2"])
    let topology = try folder.write(
      SmallRun.topology(participation: participation, rounds: "[2, 3, 3]", more: Self.scaffold),
      to: "scaffold.yaml")
    let corrected = try SmallRun.play(topology, to: folder.path("corrected"), ["--threads", "2"])
    #expect(corrected.final.modelDigest != plain.final.modelDigest)
    #expect(corrected.rounds.map(\.up.payload) == plain.rounds.map(\.up.payload))
    let more = zip(corrected.rounds, plain.rounds).map { $0.down.payload - $1.down.payload }
    // Those of a stage's first round are 0 yet, and in warm-up those of the older blocks aren't
    // needed.
    #expect(more[0] == 0 && more[2] == 0 && more[5] == 0)
    // All others are as large as what they control, all of which goes down in the last round of a
    // stage.
    let whole = [1, 4, 7].map { plain.rounds[$0].down.payload }
    #expect(more[1] == whole[0])
    #expect(more[3...4].allSatisfy { $0 == whole[1] })
    #expect(more[6...7].allSatisfy { $0 == whole[2] })
    let modelled = try SmallRun.play(
      topology, to: folder.path("modelled"), ["--cost-model", "--samples-per-client", "150"])
    #expect(modelled.rounds.map(\.down.payload) == corrected.rounds.map(\.down.payload))
  }

  private static let dense = ["--set", "codecs.up=dense32", "--set", "codecs.down=dense32"]

  @Test(arguments: [
    ["stages.warmUp=1"], ["stages.warmUp=0", "stages.ramp=4"], ["strategy=mixed"],
    ["strategy=freezing"],
  ])
  func `of one client alone the gradients need no correction, whatever the model grows to`(
    settings: [String]
  ) throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(rounds: "[2, 3, 3]"), to: "one.yaml")
    let options =
      Self.dense + [
        "--set", "clients=1", "--set", "participation.perRound=1", "--set",
        "participation.minimum=1",
      ] + settings.flatMap { ["--set", $0] }
    let plain = try SmallRun.play(topology, to: folder.path("plain"), options)
    let corrected = try SmallRun.play(
      topology, to: folder.path("corrected"), options + ["--set", "training.correction=scaffold"])
    let (expected, loss) = (try #require(plain.final.loss), try #require(corrected.final.loss))
    #expect(abs(loss - expected) < 1e-3 * expected)
    #expect(corrected.rounds[1].down.payload > plain.rounds[1].down.payload)
  }

  /// Runs of four rounds, and by how much less than the rest what is new moves in the last of them.
  @Test(
    arguments: [
      (["strategy=end-to-end"], 1), (["stages.warmUp=0"], 1),
      (["stages.warmUp=0", "stages.ramp=4"], 0.5),
    ] as [([String], Float)])
  func `the broker's control variate is the mean gradient by which the last round moved the model`(
    settings: [String], newBlockRate: Float
  ) throws {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology(rounds: "[1, 1, 2]") + "\n" + Self.scaffold, to: "tiny.yaml")
    let options = [
      "participation.perRound=4", "training.learningRate=0.05", "training.momentum=0.9",
    ]
    _ = try SmallRun.play(
      topology, to: folder.path("run"),
      Self.dense + (options + settings).flatMap { ["--set", $0] })
    let checkpoints = try (3...4).map { round in
      let file = folder.url.appending(path: "run/checkpoint/round-\(round).safetensors")
      return try SafeTensors(decoding: Array(try Data(contentsOf: file))).tensors
    }
    // All four clients have 40 samples: two steps, which reach (1 + 1.9) · 0.05.
    for (block, names, reach) in [
      ("block1", ["conv1.weight", "conv1.bias"], 0.145),
      ("block3", ["fc1.weight", "fc1.bias"], 0.145 * newBlockRate),
      ("head3", ["fc.weight", "fc.bias"], 0.145 * newBlockRate),
    ] as [(String, [String], Float)] {
      let control = try #require(checkpoints[1]["server.\(block).control"]).scalars
      #expect(control.contains { abs($0) > 1e-4 })
      let moves = try names.flatMap { name in
        let (before, after) = (
          try #require(checkpoints[0]["\(block).\(name)"]).scalars,
          try #require(checkpoints[1]["\(block).\(name)"]).scalars
        )
        return zip(before, after).map { $1 - $0 }
      }
      #expect(control.count == moves.count)
      #expect(zip(control, moves).allSatisfy { abs($0 + $1 / reach) < 1e-5 }, "\(block)")
    }
  }

  @Test func `who is asked beyond need moves no control variate, and a run of both methods learns`()
    throws
  {
    let folder = try Folder()
    let text = SmallRun.topology(
      participation: "  perRound: 4\n  overSelect: 1.5", rounds: "[2, 3, 6]",
      more: Self.scaffold + "\nserver:\n  averaging: fednova")
    let topology = try folder.write(text, to: "both.yaml")
    let single = try SmallRun.play(topology, to: folder.path("one"), ["--threads", "1"])
    let double = try SmallRun.play(topology, to: folder.path("two"), ["--threads", "2"])
    #expect(single.final.modelDigest == double.final.modelDigest)
    #expect(single.rounds.allSatisfy { $0.accepted == 4 && $0.selected == 6 })
    #expect(single.final.accuracy ?? 0 > 0.3)
  }

  @Test func `updates count step by step, late ones and capped clients' as well`() throws {
    let folder = try Folder()
    let text = SmallRun.topology(
      participation: "  perRound: 6\n  quorum: 4\n  grace: 10 ms\n  stragglers: nextRound",
      rounds: "[2, 3, 4]",
      more: """
        devices:
          large: {speed: 1 GFLOP/s, spread: 1}
          small: {speed: 1 GFLOP/s, memory: 6 MB}
        groups:
          phones: {share: 75 %, device: large}
          watches: {device: small}
        """)
    func run(_ server: String, _ threads: String) throws -> SmallRun.Summary {
      let file = try folder.write(text + server, to: "\(server.count)-\(threads).yaml")
      return try SmallRun.play(
        file, to: folder.path("\(server.count)-\(threads)"), ["--threads", threads])
    }
    let server = "\nserver:\n  averaging: fednova"
    let normalized = try run(server, "1")
    #expect(try run(server, "2").final.modelDigest == normalized.final.modelDigest)
    #expect(try run("", "1").final.modelDigest != normalized.final.modelDigest)
    #expect(normalized.counters["late updates counted"] ?? 0 > 0, "\(normalized.counters)")
    #expect(normalized.final.accuracy ?? 0 > 0.2)
  }

  @Test func `a simulation whose clients were killed with it goes on with control variates of 0`()
    throws
  {
    let folder = try Folder()
    let topology = try folder.write(
      TinyRun.topology(rounds: "[3, 2, 2]") + "\n" + Self.scaffold, to: "tiny.yaml")
    let run = folder.path("run")
    let killed = try Command(
      ["simulate", topology, "--clock", "real", "--out", run],
      environment: ["PROGFED_KILL_AT": "round-opened:3"])
    #expect(killed.status(within: 60) == SIGKILL)
    let resumed = try Command(["simulate", "--resume", run, "--json", "--quiet"])
    #expect(resumed.status(within: 60) == 0, "\(resumed.standardError)")
    let ledger = try TinyRun.Ledger(at: run)
    #expect(ledger.state == "done" && ledger.accepted.count == 21)
  }
}
