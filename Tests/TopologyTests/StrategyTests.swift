import Measures
import Progressive
import Testing
import Topology

struct StrategyTests {
  @Test(arguments: Strategy.allCases)
  func `each strategy gives all rounds to its steps`(strategy: Strategy) throws {
    let topology = try Texts.topology(
      Texts.section("stages", "warmUp: 1"), Overrides(strategy: strategy))
    #expect(topology.growthSchedule.strategy == strategy)
    #expect(topology.growthSchedule.totalRounds == 12)
    #expect(topology.growthSchedule.warmUpRounds == (strategy.warmsUp ? 1 : 0))
    let check = TopologyCheck(topology)
    #expect(check.stages.reduce(0) { $0 + $1.rounds } == 12)
    #expect(check.computation <= 1)
    // What rests isn't known before the run.
    #expect((check.computation == 1) == [.endToEnd, .fedLUAR].contains(strategy))
  }

  @Test func `freezing begins with its longest step, the others end with it`() throws {
    let text = Texts.section("stages", "each: 2")
    let rounds = try [Strategy.progressive, .partial, .freezing].map {
      try Texts.topology(text, Overrides(strategy: $0)).growthSchedule.rounds
    }
    #expect(rounds == [[2, 2, 8], [2, 2, 8], [8, 2, 2]])
  }

  @Test func `the forecast counts what is trained and sent`() throws {
    let text = Texts.section("stages", "rounds: [4, 4, 4]", "warmUp: 0")
    func check(_ strategy: Strategy) throws -> TopologyCheck {
      TopologyCheck(try Texts.topology(text, Overrides(strategy: strategy)))
    }
    let blocks = [320, 18_496, 1_179_776]
    let heads = [330, 650, 1290]
    /// The bytes that ten clients send in four rounds, for parameters that are trained.
    func sent(_ parameters: [Int]) -> [Int] { parameters.map { 160 * $0 } }
    let layerwise = sent((0..<3).map { blocks[$0] + heads[$0] })
    #expect(try check(.layerwise).stages.map(\.up.bytes) == layerwise)
    let partial = try check(.partial)
    let upTo = sent((1...3).map { blocks.prefix($0).reduce(heads[2], +) })
    #expect(partial.stages.map(\.up.bytes) == upTo)
    let from = sent((0..<3).map { blocks.dropFirst($0).reduce(heads[2], +) })
    #expect(try check(.freezing).stages.map(\.up.bytes) == from)
    // The full model goes down before the first round of partial training, once to each client.
    let down = 40 * (1_199_882 + 3 * (blocks[0] + heads[2]))
    #expect(partial.stages[0].down.bytes == down)
  }

  @Test func `triggers and entries are read with their keys`() throws {
    let plateau = try Texts.topology(
      Texts.section(
        "stages", "when: plateau", "patience: 4", "gain: 0.01", "minimum: 3", "warmUp: 1",
        "ramp: 2", "restartLearningRate: true", "entry: continued")
    )
    #expect(plateau.growthSchedule.trigger == .plateau(patience: 4, gain: 0.01))
    #expect(plateau.growthSchedule.minimumRounds == 3)
    // Stages that may end sooner get twice the paper's rule at most.
    #expect(plateau.growthSchedule.rounds == [4, 4, 4])
    #expect(plateau.growthSchedule.rampRounds == 2)
    #expect(plateau.growthSchedule.restartsLearningRate)
    #expect(plateau.entry == .continued)
    let movement = try Texts.topology(
      Texts.section("stages", "when: movement", "window: 2", "level: 0.3", "slope: 0.02"))
    #expect(
      movement.growthSchedule.trigger
        == .movement(window: 2, patience: 3, level: 0.3, slope: 0.02))
    #expect(!TopologyCheck(movement).warnings.isEmpty)
    #expect(plateau.growthCanonical != movement.growthCanonical)
  }

  @Test func `parts are trained in turns, by the strategy or beside growth`() throws {
    func parts(_ strategy: Strategy, _ section: String...) throws -> PartCycle? {
      let text = section.isEmpty ? Texts.least : Texts.with(section[0])
      return try Texts.topology(text, Overrides(strategy: strategy)).growthSchedule.parts
    }
    let own = "stages: {parts: {full: 3}}"
    #expect(try parts(.fedPart) == .standard)
    #expect(try parts(.fedPart, own) == PartCycle(full: 3, each: 2))
    let short = "stages: {parts: {each: 1, rounds: 6}}"
    #expect(try parts(.mixed, short) == PartCycle(full: 5, each: 1, rounds: 6))
    #expect(try parts(.progressive, own) == PartCycle(full: 3, each: 2))
    #expect(try parts(.progressive) == nil)
    // The full model with all of its parts is what others are held against.
    #expect(try parts(.endToEnd, own) == nil)
    let topology = try Texts.topology(Texts.with(own), Overrides(strategy: .fedPart))
    #expect(topology.growthSchedule.rounds == [0, 0, 12])
    #expect(topology.growthCanonical.hasSuffix(", parts 3 of all and 2 of each block"))
    let check = TopologyCheck(topology)
    #expect(check.text().contains("by turns: 3 of all and 2 of each block"))
    // 3 rounds of all, 2 of each block, and 3 of all again: the head is trained in all twelve.
    let (blocks, head) = ([320, 18_496, 1_179_776], 1290)
    let sent = blocks.reduce(0) { $0 + (3 + 2 + 3) * $1 } + 12 * head
    #expect(check.up.bytes == 4 * 10 * sent)
  }

  @Test func `blocks rest by the strategy or beside growth`() throws {
    func resting(_ strategy: Strategy, _ section: String = "") throws -> Int {
      try Texts.topology(Texts.with(section), Overrides(strategy: strategy))
        .growthSchedule.resting
    }
    #expect(try resting(.fedLUAR) == 1)
    #expect(try resting(.fedLUAR, "stages: {resting: 2}") == 2)
    #expect(try resting(.mixed, "stages: {resting: 2}") == 2)
    #expect(try resting(.progressive) == 0)
    #expect(try resting(.endToEnd, "stages: {resting: 2}") == 0)
    let topology = try Texts.topology(
      Texts.with("stages: {resting: 2}"), Overrides(strategy: .fedLUAR))
    #expect(topology.growthSchedule.rounds == [0, 0, 12])
    #expect(topology.growthCanonical.hasSuffix(", resting 2"))
    #expect(TopologyCheck(topology).warnings.contains { $0.contains("2 of the blocks rest") })
  }

  @Test func `clients of little memory train what they can where all heads supervise`() throws {
    let text = Texts.with(
      "strategy: mixed\nparticipation: {perRound: 10, caps: [{stage: 1, clients: 0-9}]}")
    let topology = try Texts.topology(text)
    #expect(topology.stageLimits[9] == 1 && topology.stageLimits[10] == nil)
  }

  @Test(arguments: [
    ("stages: {when: sometimes}", "stages.when"),
    ("stages: {patience: 2}", "stages.patience"),
    ("stages: {when: plateau, window: 2}", "stages.window"),
    ("stages: {when: movement, gain: 0.1}", "stages.gain"),
    ("stages: {minimum: 2}", "stages.minimum"),
    ("stages: {when: plateau, minimum: 9}", "stages.minimum"),
    ("stages: {when: plateau, rule: paper}", "stages.rule"),
    ("stages: {when: movement, rule: horizon}", "stages.rule"),
    ("stages: {when: plateau, rule: paper, each: 2}", "stages.rule"),
    ("stages: {entry: slow}", "stages.entry"),
    ("stages: {when: plateau}\nevaluation: {every: 0}", "evaluation.every"),
    ("strategy: backwards", "strategy"),
    ("strategy: layerwise\nstages: {rounds: [4, 0, 8]}", "stages.rounds"),
    ("strategy: freezing\nstages: {parts: {full: 2}}", "stages.parts"),
    ("stages: {parts: {each: 0}}", "stages.parts.each"),
    ("stages: {parts: 3}", "stages.parts"),
    ("strategy: layerwise\nstages: {resting: 1}", "stages.resting"),
    ("strategy: fedluar\nstages: {resting: 3}", "stages.resting"),
    ("strategy: mixed\nstages: {resting: 1, parts: {full: 1}}", "stages.resting"),
  ])
  func `what makes no sense together is told`(text: String, path: String) {
    let faults = Texts.faults(Texts.with(text))
    #expect(faults.map(\.path) == [path], "\(faults.map(\.words))")
  }
}
