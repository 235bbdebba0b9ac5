import Federation
import Measures
import Progressive
import Testing
import Topology

/// The section `participation.depth`, and what follows from links and devices.
struct DepthTests {
  private static let fleet = """
    rounds: 40
    clients: 20
    model: {name: convnet}
    data: {name: fashion-mnist, limit: {train: 2000}}
    stages: {rounds: [1, 1, 38]}
    codecs: {up: linear8, down: linear8}
    devices:
      phone: {speed: 2 GFLOP/s}
      watch: {speed: 2 GFLOP/s, memory: 6 MB}
    groups:
      city: {clients: 10, link: lte, device: phone}
      country: {clients: 6, link: 3g, device: phone}
      wrists: {clients: 4, link: lte, device: watch}

    """

  private static func topology(
    _ depth: String, more: String = "", _ overrides: Overrides = Overrides()
  ) throws -> Topology {
    try Texts.topology(fleet + "participation: {\(depth)}\n" + more, overrides)
  }

  @Test func `the rule may stand alone`() throws {
    let short = try Self.topology("depth: byTime").depth
    #expect(short.rule == .byTime && short.target == nil && short.least == 0.4)
    let long = try Self.topology("depth: {rule: byLink, target: 30 s, least: 10 %}").depth
    #expect(long.rule == .byLink && long.target == .seconds(30) && long.least == 0.1)
    #expect(short.most == nil && short.canonical == "byTime, target found, least 0.4")
    let plain = try Texts.topology(Self.fleet)
    #expect(plain.depth.rule == .fixed && plain.depth.canonical == nil && plain.depthPlan == nil)
    #expect(plain.brokerPlan(run: 1, epoch: 1).depths == nil)
    // What clients must agree on is the same.
    #expect(try Self.topology("depth: byTime").planDigest == plain.planDigest)
  }

  @Test(arguments: [
    ("depth: deep", "participation.depth.rule", "rule"),
    ("depth: {target: 3 s}", "participation.depth.target", "means nothing"),
    (
      "depth: {rule: byTime, target: 0 s}", "participation.depth.target",
      "participation.depth.target"
    ),
    ("depth: {rule: byTime, least: 2}", "participation.depth.least", "participation.depth.least"),
    ("depth: {rule: byTime, most: 0 %}", "participation.depth.most", "1 % to 100 %"),
    ("depth: {rule: byTime, most: half}", "participation.depth.most", "as in 80 %"),
    ("depth: {most: 40 %}", "participation.depth.most", "means nothing"),
    (
      "depth: {rule: byLink, least: 50 %, most: 40 %}", "participation.depth.least",
      "is more than participation.depth.most"
    ),
    ("depth: {by: time}", "participation.depth.by", "by"),
  ])
  func `faults are told by their keys`(text: String, path: String, words: String) {
    let faults = Texts.faults(Self.fleet + "participation: {\(text)}\n")
    #expect(faults.map(\.path) == [path], "\(faults.map(\.words))")
    #expect(faults.first?.words.contains(words) == true, "\(faults.map(\.words))")
  }

  @Test func `a largest share stands beside the rule, and the least isn't above it`() throws {
    let text = "depth: {rule: byLink, least: 20 %, most: 40 %}"
    let depth = try Self.topology(text).depth
    #expect(depth.rule == .byLink && depth.least == 0.2 && depth.most == 0.4)
    let plan = try #require(try Self.topology(text).depthPlan)
    #expect(plan.least == 0.2 && plan.most == 0.4)
    // A usual least share gives way.
    let low = try Self.topology("depth: {rule: byLink, most: 30 %}").depth
    #expect(low.least == 0.3 && low.most == 0.3)
    #expect(try Self.topology("depth: {rule: byLink, most: 90 %}").depth.least == 0.4)
    // The command line says it as well, and what a run keeps says it again.
    let set = try Self.topology(
      "depth: byLink", more: "",
      Overrides(settings: ["participation.depth={rule: byLink, least: 20 %, most: 40 %}"]))
    #expect(set.depth == depth)
    #expect(try Texts.topology(set.source, set.overrides).depth == depth)
    #expect(depth.canonical == "byLink, target found, least 0.2, most 0.4")
    // What clients must agree on is the same.
    #expect(try Self.topology(text).planDigest == Texts.topology(Self.fleet).planDigest)
  }

  @Test func `the line of a fault in the mapping is its key's`() {
    let lines = [
      "participation:", "  depth:", "    rule: byLink", "    least: 60 %", "    most: 40 %",
    ]
    let first = Self.fleet.split(separator: "\n", omittingEmptySubsequences: false).count
    let faults = Texts.faults(Self.fleet + lines.joined(separator: "\n") + "\n")
    #expect(faults.map(\.line) == [first + 3], "\(faults.map(\.words))")
    #expect(faults.first?.words.contains("raise most") == true)
  }

  @Test func `the check foresees the largest share`() throws {
    let free = TopologyCheck(try Self.topology("depth: byLink"))
    let capped = TopologyCheck(try Self.topology("depth: {rule: byLink, most: 30 %}"))
    let shares = try #require(capped.depths)
    // 6 of 20, all of them in the city, where half of the clients are.
    #expect(shares[0].shares == [0, 0.4, 0.6] && shares[1].shares[2] == 0)
    #expect(capped.text().contains("city: 40 % stage 2, 60 % stage 3; country: stage 2"))
    #expect(capped.up < free.up && capped.down < free.down)
  }

  @Test func `control variates need all clients in all blocks`() {
    let faults = Texts.faults(
      Texts.with("participation: {depth: byTime}", "training: {correction: scaffold, momentum: 0}"))
    #expect(faults.map(\.path) == ["training.correction"])
  }

  @Test func `the prior is made of bytes, operations and samples`() throws {
    let plan = try #require(try Self.topology("depth: byTime").depthPlan)
    #expect(plan.parameters == [320, 18_496, 1_179_776])
    #expect(plan.samples == 100 && plan.epochs == 1)
    func seconds(_ client: Int, _ stage: Int, samples: Int = 100) throws -> Double {
      try #require(plan.expected(client, stage: stage, samples: samples)).seconds
    }
    for client in [0, 10] {
      #expect(try seconds(client, 1) < seconds(client, 2))
      #expect(try seconds(client, 2) < seconds(client, 3))
      #expect(try seconds(client, 3) < seconds(client, 3, samples: 200))
    }
    // 1.2 MB at 1.6 Mbit/s and 768 kbit/s take 18 s and more.
    #expect(try seconds(10, 3) > 18 && seconds(0, 3) < 10)
    let byLink = try #require(try Self.topology("depth: byLink").depthPlan)
    #expect(
      byLink.expected(10, stage: 3, samples: 1) == byLink.expected(10, stage: 3, samples: 900))
  }

  @Test func `the check says who trains how deep, and counts it`() throws {
    let check = TopologyCheck(try Self.topology("depth: byTime"))
    let depths = try #require(check.depths)
    #expect(depths.map(\.name) == ["city", "country", "wrists"])
    #expect(depths[0].shares == [0, 0, 1])
    #expect(depths[1].shares[2] < 1 && depths[2].shares[2] == 0)
    #expect(check.text().contains("city: stage 3; country: stage 2"))
    let fixed = TopologyCheck(try Self.topology("depth: fixed"))
    #expect(fixed.depths == nil && !fixed.text().contains("depths"))
    #expect(check.up < fixed.up && check.down < fixed.down)
    #expect(check.computation < fixed.computation)
    // The first two stages are so quick that all train them.
    #expect(check.stages[0].up == fixed.stages[0].up)
    let all = TopologyCheck(
      try Texts.topology(
        Self.fleet.replacing(", memory: 6 MB", with: "")
          + "participation: {depth: {rule: byTime, target: 1 h}}\n"))
    #expect(all.up == fixed.up)
  }

  @Test func `a model that doesn't grow is trained by all, and the check says so`() throws {
    let topology = try Self.topology(
      "depth: byTime", Overrides(strategy: .endToEnd))
    #expect(topology.depthPlan == nil)
    #expect(TopologyCheck(topology).warnings.contains { $0.hasPrefix("participation.depth") })
  }
}
