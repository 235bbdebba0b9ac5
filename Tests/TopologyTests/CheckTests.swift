import Bytes
import Codecs
import Datasets
import Federation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// The forecast of a run.
struct CheckTests {
  @Test func `a run beyond all numbers is forecast, if not to the byte`() throws {
    let text = Texts.least.replacing(
      "clients: 10\nrounds: 12", with: "clients: 1000000\nrounds: 900"
    )
    .replacing("name: convnet", with: "name: mlp\n  widths: \(Array(repeating: 16_384, count: 12))")
    .replacing(
      "name: fashion-mnist", with: "{from: clients, input: [1, 28, 28], classes: [cat, dog]}")
    let check = TopologyCheck(try Texts.topology(text + "limits: {bytesInFlight: 100 GB}\n"))
    #expect(check.stages.last?.up.bytes == 1 << 56 && check.fullModel.bytes == 1 << 56)
    #expect(check.up.bytes >= 1 << 56)
  }

  @Test func `sub-models have the paper's sizes, and bytes follow from them`() throws {
    let topology = try Texts.topology(
      Texts.with("stages: {rule: paper, warmUp: 0}", "participation: {perRound: 5}"))
    let check = TopologyCheck(topology)
    #expect(check.stages.map(\.parameters) == [650, 19_466, 1_199_882])
    #expect(check.stages.map(\.rounds) == [2, 2, 8])
    #expect(check.stages.map(\.modelSize.bytes) == [2600, 77_864, 4_799_528])
    // All clients of a round send and receive all of the stage's sub-model: 5 clients, 4 bytes
    // each.
    #expect(check.stages.map(\.up.bytes) == [26_000, 778_640, 191_981_120])
    #expect(check.up.bytes == 26_000 + 778_640 + 191_981_120)
    // A batch's values, and four copies of the parameters in 32-bit floats.
    let larger = TopologyCheck(
      try Texts.topology(
        Texts.with("stages: paper", "participation: {perRound: 5}", "training: {batch: 40}")))
    for (stage, twice) in zip(check.stages, larger.stages) {
      let copies = 16 * stage.parameters
      #expect(stage.memory.bytes > copies)
      #expect(twice.memory.bytes - copies == 2 * (stage.memory.bytes - copies))
    }
    // At growth, who was drawn has the blocks of stage s − 1 before their last round only.
    #expect(check.down == check.up)
    #expect(check.fullModel.bytes == 5 * 12 * 4_799_528)
    #expect(check.isExact)
    #expect(check.computation > 8.0 / 12 && check.computation < 1)
  }

  @Test func `in warm-up only the new travels, and the old to those who lack it`() throws {
    let all = TopologyCheck(
      try Texts.topology(Texts.section("stages", "rounds: [4, 4, 4]", "warmUp: 2")))
    // With all clients in each round, the old blocks go out once in rounds 1 to 3 of the stage.
    let (old, new) = (4 * 320, 4 * (18_496 + 650))
    #expect(all.stages[1].down.bytes == 10 * (4 * new + (1 + 1) * old))
    #expect(all.stages[1].up.bytes == 10 * (4 * new + 2 * old))
    // With half of them, half as many of the rest lack the old blocks in each further round.
    let half = TopologyCheck(
      try Texts.topology(
        Texts.section("stages", "rounds: [4, 4, 4]", "warmUp: 2") + "participation: {perRound: 5}\n"
      ))
    #expect(half.stages[1].down.bytes == 5 * 4 * new + 5 * old * 11 / 4)
  }

  @Test func `evaluations by all clients bring each model down once, for the next round as well`()
    throws
  {
    let check = TopologyCheck(
      try Texts.topology(
        Texts.with("stages: {rounds: [2, 2, 8], warmUp: 0}", "evaluation: {clients: all}")))
    let forecast = try #require(check.evaluation)
    #expect(forecast.evaluations == 12 && forecast.evaluators == 10)
    let sizes = [2600, 77_864, 4_799_528]
    #expect(forecast.down.bytes == 10 * (2 * sizes[0] + 2 * sizes[1] + 8 * sizes[2]))
    // Only what is new in a stage's first round wasn't in an evaluation before.
    let new = [sizes[0], sizes[1] - 1280, sizes[2] - 1280 - 4 * 18_496]
    #expect(check.stages.map(\.down.bytes) == new.map { 10 * $0 })
    #expect(check.down == forecast.down + check.stages.reduce(.zero) { $0 + $1.down })
    #expect(forecast.transferSeconds == nil && forecast.secondsPer100Samples > 0)
    for words in ["evaluation: 12 times, the last one by 10 clients", "tests  "] {
      #expect(check.text().contains(words), "\(check.text())")
    }
    #expect(!TopologyCheck(try Texts.topology(Texts.least)).text().contains("evaluation:"))
  }

  @Test func `few evaluators, and seldom, cost as much less`() throws {
    let check = TopologyCheck(
      try Texts.topology(
        Texts.with(
          "stages: {rounds: [2, 2, 8], warmUp: 0}", "evaluation: {clients: 2, every: 4}",
          "links: {slow: {down: 8 Mbit/s, up: 8 Mbit/s}}",
          "groups: {all: {link: slow}}")))
    let forecast = try #require(check.evaluation)
    #expect(forecast.evaluations == 3 && forecast.evaluators == 2)
    // After rounds 4, 8 and 12: each time both lack all that the round trained.
    #expect(forecast.down.bytes == 2 * (77_864 + 2 * 4_799_528))
    let seconds = try #require(forecast.transferSeconds)
    #expect(seconds >= 4.79 && seconds < 6, "\(seconds) s for 4.8 MB at 8 Mbit/s")
  }

  @Test func `end-to-end training in 32-bit floats is the full model`() throws {
    let check = TopologyCheck(try Texts.topology(Texts.with("strategy: end-to-end")))
    #expect(check.down == check.fullModel)
    #expect(check.up == check.fullModel)
    #expect(check.saving == 1)
    #expect(check.computation == 1)
  }

  @Test func `the table names every stage and the whole`() throws {
    let text = TopologyCheck(try Texts.topology(Texts.with("codecs: {up: linear8, down: linear8}")))
      .text()
    for words in [
      "1,199,882", "19,466", "650", "times fewer bytes", "of full model", "memory", "test: convnet",
    ] {
      #expect(text.contains(words), "\(text)")
    }
    let rows = text.split(separator: "\n").filter { $0.contains("B  ") || $0.contains("stage ") }
    #expect(rows.count >= 5)
    #expect(!text.contains("to be expected"))
    let uncertain = TopologyCheck(try Texts.topology(Texts.with("codecs: {up: topk1}"))).text()
    #expect(uncertain.contains("to be expected"))
  }

  @Test func `with all clients in each round deltas go down once, keyframes at growth`() throws {
    let topology = try Texts.topology(
      Texts.section("stages", "rounds: [4, 4, 4]", "warmUp: 0")
        + "codecs: {down: linear8, downDelta: topk1, keyframeEvery: 100}\n")
    let (keyframe, delta) = (topology.codecs.down, try #require(topology.codecs.delta).codec)
    let (first, second) = (
      topology.architecture.layouts(stage: 1), topology.architecture.layouts(stage: 2)
    )
    let check = TopologyCheck(topology)
    #expect(
      check.stages[0].down.bytes
        == 10
        * first.reduce(0) {
          $0 + keyframe.expectedSize(of: $1).bytes + 3 * delta.expectedSize(of: $1).bytes
        })
    let new = second.dropFirst().reduce(0) {
      $0 + keyframe.expectedSize(of: $1).bytes + 3 * delta.expectedSize(of: $1).bytes
    }
    #expect(check.stages[1].down.bytes == 10 * (new + 4 * delta.expectedSize(of: second[0]).bytes))
  }

  @Test func `who comes back after rounds is expected to lack their deltas`() throws {
    func check(_ more: String) throws -> TopologyCheck {
      TopologyCheck(
        try Texts.topology(
          Texts.with(
            "strategy: end-to-end", "participation: {perRound: 1}",
            "codecs: {down: linear8, downDelta: stc1\(more)}")))
    }
    let all = try check(", keyframeEvery: 1000")
    let anchored = try check(", keyframeEvery: 1000, reference: anchor")
    let keyframes = try check(", keyframeEvery: 1")
    #expect(all.down > anchored.down, "one client in ten lacks many deltas, but one from an anchor")
    #expect(anchored.down < keyframes.down)
  }

  @Test func `who comes back is expected to need one keyframe where deltas save nothing`() throws {
    let topology = try Texts.topology(
      Texts.with(
        "participation: {perRound: 1}",
        "codecs: {down: linear8, downDelta: stc1, keyframeEvery: 1000}"))
    let first = TopologyCheck(topology).stages[0]
    // 650 values of small tensors, in each of the stage's rounds, for the one client of the round.
    let size = topology.architecture.layouts(stage: 1).reduce(0) {
      $0 + topology.codecs.down.expectedSize(of: $1).bytes
    }
    #expect(first.down.bytes == first.rounds * size)
  }

  @Test func `control variates go down with what a round trains, once they have moved`() throws {
    func check(_ training: String, _ more: String = "") throws -> TopologyCheck {
      TopologyCheck(
        try Texts.topology(
          Texts.section("stages", "rounds: [4, 4, 4]", "warmUp: 2") + "training: \(training)\n"
            + more))
    }
    let (plain, corrected) = (try check("{}"), try check("{correction: scaffold}"))
    let (old, new) = (4 * 320, 4 * (18_496 + 650))
    // Of three rounds those of the stage's own segments; of the two after warm-up the older block's
    // as well.
    #expect(corrected.stages[0].down.bytes == plain.stages[0].down.bytes + 10 * 3 * 2600)
    #expect(
      corrected.stages[1].down.bytes == plain.stages[1].down.bytes + 10 * (3 * new + 2 * old))
    #expect(corrected.up == plain.up)
    let deltas = "codecs: {downDelta: linear4, keyframeEvery: 100}\n"
    let (whole, compressed) = (try check("{}", deltas), try check("{correction: scaffold}", deltas))
    #expect(compressed.down > whole.down)
    #expect(compressed.down.bytes - whole.down.bytes < corrected.down.bytes - plain.down.bytes)
  }

  @Test func `error feedback is warned of where updates are taken for mean gradients`() throws {
    let codecs = "codecs: {up: stc5, errorFeedback: true}\n"
    #expect(TopologyCheck(try Texts.topology(Texts.least + codecs)).warnings.isEmpty)
    let corrected = try Texts.topology(
      Texts.section("training", "correction: scaffold") + codecs)
    #expect(TopologyCheck(corrected).warnings.contains { $0.contains("SCAFFOLD") })
  }

  @Test func `a biased codec without error feedback is warned of`() throws {
    func warnings(_ codecs: String) throws -> [String] {
      TopologyCheck(try Texts.topology(Texts.with("codecs: \(codecs)"))).warnings
    }
    for codec in ["topk1", "stc1", "sign", "eden1mse"] {
      #expect(try warnings("{up: \(codec)}").count == 1)
      #expect(try warnings("{up: \(codec), errorFeedback: true}").isEmpty)
    }
    #expect(try warnings("{up: eden1, blocks: {block1: sign}}").count == 1)
    #expect(try warnings("{up: eden1, young: {up: sign}}").count == 1)
    for codec in ["dense32", "linear1", "eden0.1", "qsgd8"] {
      #expect(try warnings("{up: \(codec)}").isEmpty)
    }
    #expect(try warnings("{downDelta: eden2}").count == 1)
    #expect(
      TopologyCheck(try Texts.topology(Texts.with("codecs: {up: sign}"))).text()
        .contains("warning: codecs: updates go up by sign"))
  }
}
