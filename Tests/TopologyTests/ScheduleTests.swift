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

/// From the section `stages` and the command line to the rounds of each stage.
struct ScheduleTests {
  @Test(
    arguments: [
      (12, [2, 2, 8]), (3, [1, 1, 1]), (5, [1, 1, 3]), (6, [1, 1, 4]), (1500, [250, 250, 1000]),
    ], ["stages: paper", "stages: {rule: paper}"])
  func `the paper's rule holds where it is asked for, but no stage is left out`(
    plan: (rounds: Int, expected: [Int]), stages: String
  ) throws {
    let topology = try Texts.topology(
      Texts.replacing(line: 2, by: "rounds: \(plan.rounds)") + stages + "\n")
    #expect(topology.growthSchedule.rounds == plan.expected)
  }

  // The sub-models have 650, 19,466 and 1,199,882 parameters.
  @Test(arguments: [
    (1, [0, 0, 1]), (2, [0, 1, 1]), (3, [1, 1, 1]), (6, [1, 1, 4]), (12, [1, 1, 10]),
    (50, [1, 1, 48]),
  ])
  func `without a rule, stages are as long as their sub-models are worth`(
    rounds: Int, expected: [Int]
  ) throws {
    let text = Texts.replacing(line: 2, by: "rounds: \(rounds)")
    #expect(try Texts.topology(text).growthSchedule.rounds == expected)
    #expect(try Texts.topology(text + "stages: horizon\n").growthSchedule.rounds == expected)
    let asked = try Texts.topology(Texts.least, Overrides(rounds: rounds))
    #expect(asked.growthSchedule.rounds == expected)
  }

  @Test func `a longer horizon and a larger sub-model get more rounds`() throws {
    func rounds(_ total: Int, _ model: String) throws -> [Int] {
      let text = Texts.replacing(line: 2, by: "rounds: \(total)")
      return try Texts.topology(text.replacing("convnet", with: model)).growthSchedule.rounds
    }
    let (short, long) = (try rounds(100, "resnet18"), try rounds(1000, "resnet18"))
    #expect(short.dropLast() == short.dropLast().sorted()[...] && short.reduce(0, +) == 100)
    #expect(zip(short, long).allSatisfy { $0 < $1 })
    #expect(short.dropLast().allSatisfy { $0 <= 100 / 8 })
    let convnet = try rounds(1000, "convnet")
    #expect(convnet[0] < convnet[1] && convnet[1] < 1000 / 6)
  }

  @Test(arguments: [
    ("", BlockEntry.random), ("stages: {warmUp: 1}", .random), ("stages: paper", .continued),
    ("stages: {each: 2}", .continued), ("stages: {rounds: [1, 1, 10]}", .continued),
    ("stages: {when: plateau}", .continued), ("strategy: layerwise", .continued),
    ("stages: {entry: continued}", .continued), ("codecs: {initial: seed}", .random),
  ])
  func `a block goes on from a sub-model that was trained for more than a round or two`(
    text: String, entry: BlockEntry
  ) throws {
    #expect(try Texts.topology(Texts.with(text)).entry == entry)
  }

  @Test func `derived stages are longer than their warm-up`() throws {
    let topology = try Texts.topology(Texts.section("stages", "warmUp: 2"))
    #expect(topology.growthSchedule == GrowthSchedule(rounds: [1, 3, 8], warmUpRounds: 2))
    let short = try Texts.topology(Texts.section("stages", "warmUp: 2"), Overrides(rounds: 4))
    #expect(short.growthSchedule == GrowthSchedule(rounds: [1, 1, 2]))
  }

  @Test(arguments: [Strategy.layerwise, .partial, .freezing])
  func `who trains blocks in their own step alone keeps the paper's rule`(strategy: Strategy) throws
  {
    let topology = try Texts.topology(Texts.least, Overrides(strategy: strategy))
    #expect(topology.growthSchedule.rounds.sorted() == [2, 2, 8])
  }

  @Test func `a run may begin with the full model, or pass a stage over`() throws {
    for (rounds, scaled) in [
      ([0, 0, 12], [0, 0, 24]), ([0, 4, 8], [0, 8, 16]), ([4, 0, 8], [8, 0, 16]),
    ] {
      let text = Texts.section("stages", "rounds: \(rounds)", "warmUp: 1")
      let schedule = try Texts.topology(text).growthSchedule
      #expect(schedule.rounds == rounds && schedule.strategy == .progressive)
      #expect(!schedule.phase(in: 1).warmUp)
      #expect(try Texts.topology(text, Overrides(rounds: 24)).growthSchedule.rounds == scaled)
    }
  }

  @Test(arguments: [[4, 4, 4], [9, 2, 1]]) func `there is no warm-up by default`(rounds: [Int])
    throws
  {
    let topology = try Texts.topology(Texts.section("stages", "rounds: \(rounds)"))
    #expect(topology.growthSchedule == GrowthSchedule(rounds: rounds, warmUpRounds: 0))
  }

  @Test func `rounds may be left to the stages`() throws {
    let text = Texts.replacing(line: 2, by: "stages: {rounds: [3, 4, 5]}")
    #expect(try Texts.topology(text).rounds == 12)
  }

  @Test func `the command line's rounds scale those of each stage`() throws {
    let text = Texts.section("stages", "rounds: [3, 3, 6]", "warmUp: 2")
    for (rounds, expected, warmUp) in [
      (24, [6, 6, 12], 2), (12, [3, 3, 6], 2), (4, [1, 1, 2], 0), (3, [1, 1, 1], 0),
      (6, [2, 1, 3], 0), (1200, [300, 300, 600], 2),
    ] {
      let topology = try Texts.topology(text, Overrides(rounds: rounds))
      #expect(topology.growthSchedule == GrowthSchedule(rounds: expected, warmUpRounds: warmUp))
    }
    let each = Texts.section("stages", "each: 3")
    #expect(
      try Texts.topology(each, Overrides(rounds: 24)).growthSchedule.rounds == [6, 6, 12])
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `scaled rounds add up and leave no stage out`(seed: UInt64) throws {
    var random = SystemlessGenerator(state: seed)
    let stages = (0..<3).map { _ in Int.random(in: 1...50, using: &random) }
    let total = Int.random(in: 3...200, using: &random)
    let text = Texts.replacing(line: 2, by: "stages: {rounds: \(stages)}")
    let topology = try Texts.topology(text, Overrides(rounds: total))
    #expect(topology.rounds == total)
    #expect(topology.growthSchedule.rounds.allSatisfy { $0 >= 1 })
    let same = try Texts.topology(text, Overrides(rounds: stages.reduce(0, +)))
    #expect(same.growthSchedule.rounds == stages)
  }

  @Test(arguments: [0, -1, 2, 10_000_000])
  func `rounds that the command line can't have are told as its own`(rounds: Int) {
    for text in [Texts.with("stages: paper"), Texts.section("stages", "rounds: [3, 3, 6]")] {
      let faults = Texts.faults(text, Overrides(rounds: rounds))
      #expect(faults.map(\.place) == [.option("--rounds")])
      #expect(faults.first?.words.hasPrefix("--rounds: ") == true)
    }
  }

  @Test(arguments: ["", "stages: {rounds: [3, 3, 6]}\n", "stages: {each: 2, warmUp: 1}\n"])
  func `end-to-end training has all rounds in the last stage and no warm-up`(stages: String) throws
  {
    let expected = GrowthSchedule(rounds: [0, 0, 12], strategy: .endToEnd)
    let written = try Texts.topology(Texts.least + stages + "strategy: end-to-end\n")
    #expect(written.growthSchedule == expected)
    let asked = try Texts.topology(Texts.least + stages, Overrides(strategy: .endToEnd))
    #expect(asked.growthSchedule == expected)
    #expect(asked.growthSchedule.phase(in: 1).stage == 3)
    #expect(!asked.growthSchedule.phase(in: 1).warmUp)
    let short = try Texts.topology(
      Texts.least + stages, Overrides(rounds: 1, strategy: .endToEnd))
    #expect(short.growthSchedule.rounds == [0, 0, 1])
  }

  @Test func `the command line has the last word`() throws {
    let topology = try Texts.topology(
      Texts.with("seed: 4", "codecs: {up: linear4}", "participation: {perRound: 2}"),
      Overrides(
        seed: .max, clients: 20, clientsPerRound: 20, up: CodecSpec("sign"),
        down: CodecSpec("linear8")))
    #expect(topology.seed == .max)
    #expect(topology.clients == 20)
    #expect(topology.rules.clientsPerRound == 20)
    #expect("\(topology.codecs.up.spec)" == "sign")
    #expect("\(topology.codecs.down.spec)" == "linear8")
  }

  @Test func `what the command line gets wrong is told as its own`() {
    for (overrides, option) in [
      (Overrides(down: CodecSpec("topk1")), "--down"),
      (Overrides(clients: 0), "--clients"), (Overrides(clientsPerRound: 11), "--per-round"),
    ] {
      let faults = Texts.faults(Texts.least, overrides)
      #expect(faults.first?.place == .option(option), "\(faults.map(\.words))")
      #expect(faults.count == 1)
    }
  }
}
