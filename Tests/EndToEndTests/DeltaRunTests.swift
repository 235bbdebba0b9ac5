import Foundation
import TestSupport
import Testing

/// Runs whose model goes down by keyframes and deltas, and whose updates go up with error feedback.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct DeltaRunTests {
  @Test(arguments: [
    "  up: eden1\n  down: linear8\n  downDelta: stc5",
    "  up: stc5\n  errorFeedback: true\n  down: eden4\n  downDelta: eden2mse\n  keyframeEvery: 2",
    "  up: linear8\n  down: linear8\n  downDelta: topk5\n  reference: anchor\n  keyframeEvery: 3",
    "  up: eden1\n  down: linear8\n  downDelta: stc5\n  blocks: {block1: linear8}\n"
      + "  young: {rounds: 1, up: linear8, downDelta: linear8}",
    "  up: eden1\n  down: linear8\n  downDelta: stc5\n  initial: seed",
    "  up: linear8\n  down: linear8\n  initial: seed",
  ])
  func `all clients reach the announced values, wherever they come from`(codecs: String) throws {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(rounds: "[2, 3, 3]").replacing(
        "  up: linear8\n  down: linear8", with: codecs), to: "delta.yaml")
    let single = try SmallRun.play(topology, to: folder.path("one"), ["--threads", "1"])
    // A client whose values had another digest would have declined.
    #expect(single.rounds.allSatisfy { $0.accepted == 4 })
    let tcp = try SmallRun.play(
      topology, to: folder.path("tcp"), ["--threads", "2", "--transport", "tcp"])
    #expect(tcp.final.modelDigest == single.final.modelDigest)
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
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
    #expect(parted.rounds.map(\.down.payload) == single.rounds.map(\.down.payload))
  }

  @Test func `deltas take fewer bytes than keyframes, and growth sends the new blocks alone whole`()
    throws
  {
    let folder = try Folder()
    let text = SmallRun.topology(participation: "  perRound: 8", rounds: "[2, 2, 4]")
    let whole = try SmallRun.play(
      try folder.write(text, to: "whole.yaml"), to: folder.path("whole"), ["--threads", "2"])
    let delta = try SmallRun.play(
      try folder.write(
        text.replacing("  down: linear8", with: "  down: linear8\n  downDelta: stc1"),
        to: "delta.yaml"), to: folder.path("delta"), ["--threads", "2"])
    let pairs = zip(whole.rounds, delta.rounds).map { ($0.down.payload, $1.down.payload) }
    let told = try SmallRun.play(
      try folder.write(
        text.replacing("  down: linear8", with: "  down: linear8\n  initial: seed"),
        to: "told.yaml"), to: folder.path("told"), ["--threads", "2"])
    // What was just initialized is told in 8 bytes a segment: 2 of them to 8 clients.
    #expect(told.rounds[0].down.payload == 128)
    #expect(told.rounds.map(\.down.payload)[1] == whole.rounds.map(\.down.payload)[1])
    #expect(50 * told.rounds[4].down.payload < whole.rounds[4].down.payload)
    // The first round of each stage has keyframes of what is new; the small first stage has little
    // else.
    for (whole, delta) in [pairs[0], pairs[2], pairs[4]] { #expect(delta <= whole) }
    for (whole, delta) in pairs[5...] { #expect(10 * delta < whole) }
  }

  @Test(arguments: ["virtual", "real"])
  func `error feedback begins to count with a client's second update`(clock: String) throws {
    let folder = try Folder()
    func digest(_ rounds: Int, feedback: Bool) throws -> String? {
      let topology = try folder.write(
        SmallRun.topology(participation: "  perRound: 8").replacing(
          "  up: linear8", with: "  up: stc5\n  errorFeedback: \(feedback)"),
        to: "\(rounds)-\(feedback).yaml")
      return try SmallRun.play(
        topology, to: folder.path("\(rounds)-\(feedback)"),
        ["--clock", clock, "--strategy", "end-to-end", "--rounds", "\(rounds)"]
      ).final.modelDigest
    }
    let first = try digest(1, feedback: true)
    #expect(first != nil)
    #expect(try digest(1, feedback: false) == first)
    let second = try digest(2, feedback: true)
    #expect(try digest(2, feedback: false) != second)
  }

  @Test(arguments: [("layerwise", 6), ("freezing", 6)])
  func `a block that won't be trained any more goes down whole once more`(
    strategy: String, begins: Int
  ) throws {
    let folder = try Folder()
    let text = SmallRun.topology(participation: "  perRound: 8", rounds: "[2, 4, 3]")
      .replacing("strategy: progressive", with: "strategy: \(strategy)")
      .replacing("  down: linear8", with: "  down: dense32")
    let whole = try SmallRun.play(
      try folder.write(text, to: "whole.yaml"), to: folder.path("whole"), ["--threads", "2"])
    let delta = try SmallRun.play(
      try folder.write(
        text.replacing(
          "  down: dense32", with: "  down: dense32\n  downDelta: stc1\n  keyframeEvery: 1000"),
        to: "delta.yaml"), to: folder.path("delta"), ["--threads", "2"])
    // The last stage leaves block 2, of 18,496 values: to each client it goes once more as it is.
    let sent = delta.rounds.map(\.down.payload)
    #expect(sent[begins] >= 8 * 4 * 18_496, "\(sent)")
    #expect(sent[begins] <= whole.rounds[begins].down.payload)
    #expect(sent[begins + 1] < sent[begins])
    #expect(4 * sent[begins - 1] < whole.rounds[begins - 1].down.payload)
  }

  @Test func `where a delta saves nothing a keyframe goes down, so that who was away needs one`()
    throws
  {
    let folder = try Folder()
    // All tensors of the first stage are small: block and head take as many bytes by a delta as
    // whole.
    let text = SmallRun.topology(participation: "  perRound: 2", rounds: "[6, 2, 2]").replacing(
      "  down: linear8", with: "  down: linear8\n  downDelta: stc1\n  keyframeEvery: 1000")
    let run = try SmallRun.play(
      try folder.write(text, to: "small.yaml"), to: folder.path("small"), ["--threads", "2"])
    let sent = run.rounds.prefix(6).map(\.down.payload)
    #expect(sent.allSatisfy { $0 == sent[0] }, "\(sent)")
  }
}
