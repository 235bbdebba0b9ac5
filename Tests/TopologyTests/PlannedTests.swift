import Bytes
import Codecs
import Datasets
import Federation
import Foundation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// Topologies that are made of a plan.
@Suite struct PlannedTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "topologies")

  private static let shipped: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    // Pictures of one's own must be there to say their classes: OwnDataTests makes some. So must a
    // program that is asked for its model.
    return files.filter {
      $0.hasSuffix(".yaml") && !$0.hasPrefix("sweep") && $0 != "own-images.yaml"
        && !files.contains("\($0.dropLast(5)).py")
    }.sorted()
  }()

  /// Expects that a topology's plan says all that its clients' training depends on.
  private static func expectSame(_ topology: Topology, _ name: String) throws {
    let plan = topology.plan
    let planned = try Topology(plan: plan)
    #expect(planned.plan == plan, "\(name)")
    #expect(planned.planDigest == topology.planDigest)
    #expect(planned.training == topology.training, "\(name)")
    #expect(planned.codecs == topology.codecs, "\(name)")
    #expect(planned.strategy == topology.strategy && planned.clients == topology.clients)
    #expect(planned.growthSchedule.rounds == topology.growthSchedule.rounds, "\(name)")
    #expect(planned.growthSchedule.warmUpRounds == topology.growthSchedule.warmUpRounds)
    #expect(planned.architecture.options == topology.architecture.options, "\(name)")
    #expect(planned.architecture.objective == topology.architecture.objective)
    #expect(planned.architecture.input == topology.architecture.input, "\(name)")
    #expect(planned.data.partition == topology.data.partition, "\(name)")
    #expect(planned.data.augmentation == topology.data.augmentation, "\(name)")
    #expect(planned.data.limit.train == topology.data.limit.train, "\(name)")
    #expect(planned.data.source.format == topology.data.source.format, "\(name)")
    for stage in 1...topology.architecture.stages {
      #expect(planned.layouts(stage: stage) == topology.layouts(stage: stage), "\(name)")
    }
    for client in stride(from: 0, to: topology.clients, by: max(1, topology.clients / 50)) {
      #expect(planned.stageLimits[client] == topology.stageLimits[client], "\(name) \(client)")
    }
    // A plan in a file is a topology, too.
    let again = try Topology(parsing: plan, file: "saved.plan", checksFiles: false)
    #expect(again.plan == plan)
  }

  @Test func `there are topologies to try`() { #expect(Self.shipped.count >= 15) }

  @Test(arguments: shipped)
  func `a shipped topology's plan makes a topology of the same plan`(name: String) throws {
    let path = Self.folder.appending(path: name).path
    for overrides in [Overrides(), Overrides(rounds: 40), Overrides(strategy: .endToEnd)] {
      guard
        let topology = try? Topology(contentsOf: path, overrides: overrides, checksFiles: false)
      else {
        #expect(overrides != Overrides(), "\(name)")
        continue
      }
      try Self.expectSame(topology, name)
    }
  }

  @Test(arguments: Zoo.entries.map(\.name))
  func `a network's plan says every choice about it`(name: String) throws {
    let entry = try #require(Zoo.entries.first { $0.name == name })
    let isSegmentation = name == "unet"
    let input =
      entry.input.dimensions.count == 1 ? [1, 1, entry.input.count] : entry.input.dimensions
    let text = """
      clients: 3
      rounds: 40
      model: {name: \(name)}
      data:
        name: synthetic
        synthetic: {shape: \(input), classes: \(entry.classes), masks: \(isSegmentation)}
      limits: {bytesInFlight: 1 GiB}
      """
    try Self.expectSame(try Texts.topology(text), name)
  }

  /// Topologies of all kinds, drawn from words that go with any other.
  private static func random(_ generator: inout SystemlessGenerator) -> String {
    func one(_ words: [String]) -> String { words.randomElement(using: &generator) ?? "" }
    let networks = [
      ("{name: convnet}", "[1, 28, 28]", false), ("{name: convnet-5x5}", "[1, 28, 28]", false),
      ("{name: convnet-cifar}", "[3, 32, 32]", false),
      ("{name: resnet18, width: 8, stages: 3}", "[3, 24, 24]", false),
      ("{name: resnet18, width: 16, stem: imagenet}", "[3, 64, 64]", false),
      ("{name: vgg11, width: 4}", "[3, 32, 32]", false),
      ("{name: mlp, widths: [16, 8]}", "[1, 8, 8]", false),
      ("{name: unet, width: 8, stages: 2, levels: 3, loss: dice}", "[2, 32, 32]", true),
      ("{name: unet, width: 4, stages: 3, order: bottom-first}", "[1, 32, 32]", true),
    ]
    let network = networks.randomElement(using: &generator) ?? networks[0]
    let strategy = one(
      network.2
        ? ["progressive", "end-to-end", "layerwise"]
        : ["progressive", "end-to-end", "layerwise", "mixed", "freezing"])
    let data = [
      "data: {name: synthetic, synthetic: {shape: \(network.1), classes: \(one(["2", "7"])), "
        + "masks: \(network.2), train: \(one(["500", "900"])), seed: \(one(["0", "99"]))}, "
        + "partition: \(one(["iid", "{shards: 2}", "{dirichlet: 0.37}", "{logNormal: 1.5}"])), "
        + "limit: {train: \(one(["none", "400"]))}, "
        + "augmentation: \(one(["none", "{padding: 2, flips: true}", "{jitter: 0.3}"]))}",
      "data: {from: clients, input: \(network.1), "
        + (network.2 ? "labels: [background, \"a: b\"], " : "classes: [cat, \"*dog\", 7], ")
        + "fit: \(one(["refuse", "resize"])), holdOut: \(one(["0", "15 %", "{share: 0.3, seed: 4}"])), "
        + "normalization: none}",
    ]
    let adam = one(["", ", beta2: 0.98", ", epsilon: 1e-7"])
    let lines = [
      "clients: \(one(["3", "20", "150"]))", "rounds: \(one(["16", "41", "200"]))",
      "strategy: \(strategy)", "model: \(network.0)", one(data),
      "stages: {warmUp: \(one(["0", "1", "2"])), ramp: \(one(["0", "2"]))}",
      "training: {epochs: \(one(["1", "3"])), batch: \(one(["5", "32"])), "
        + "learningRate: \(one(["0.05", "0.0125", "1"])), "
        + one([
          "optimizer: adam\(adam)", "nesterov: true", "momentum: 0", "clipNorm: none",
          "proximal: 0.01", "weightDecay: 0",
        ])
        + ", schedule: "
        + one([
          "constant", "cosine", "{name: multistep, milestones: [33.3 %, 80 %], factor: 0.2}",
          "{name: cosineRestarts, period: 7}", "{name: constantThenCosine, hold: 0.7, floor: 0}",
        ]) + "}",
      "codecs: {up: \(one(["dense32", "linear8", "eden1", "topk5+linear4"])), down: "
        + "\(one(["dense32", "linear8"])), smallTensors: \(one(["0", "1024"])), "
        + one([
          "errorFeedback: false", "initial: seed", "blocks: {block1: eden2, head2: linear4}",
          "downDelta: stc5", "downDelta: stc5, reference: anchor, keyframeEvery: 4",
          "early: {rounds: 2, up: linear8}",
        ]) + "}",
      "participation: {perRound: 2, caps: \(one(["[]", "[{stage: 1, clients: \"0,2\"}]"]))}",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func `two hundred random topologies' plans make topologies of the same plans`() throws {
    var generator = SystemlessGenerator(state: 20_261)
    var (tried, sound) = (0, 0)
    while sound < 200, tried < 2000 {
      let text = Self.random(&generator)
      tried += 1
      // Not everything goes with everything.
      guard let topology = try? Texts.topology(text) else { continue }
      sound += 1
      try Self.expectSame(topology, text)
    }
    #expect(sound == 200, "of \(tried)")
  }

  @Test func `the command line's values are in the plan`() throws {
    let overrides = Overrides(
      rounds: 30, clients: 7, up: try CodecSpec(parsing: "eden2"), settings: ["training.batch=5"])
    let topology = try Texts.topology(Texts.least, overrides)
    let lines = topology.plan.split(separator: "\n")
    for line in [
      "stages.rounds: [1, 1, 28]", "clients: 7", "codecs.up: eden2", "training.batch: 5",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
    try Self.expectSame(topology, "overrides")
  }

  @Test func `the plan of more rounds of a finished run has the last stage alone`() throws {
    for strategy in ["progressive", "layerwise", "end-to-end"] {
      var overrides = Overrides()
      overrides.extended = Overrides.Extended(rounds: 4)
      let topology = try Texts.topology(Texts.with("strategy: \(strategy)"), overrides)
      #expect(topology.plan.contains("\nstages.rounds: [0, 0, 4]\n"))
      try Self.expectSame(topology, strategy)
    }
  }

  @Test func `devices of little memory cap their clients in the plan`() throws {
    let text = Texts.with(
      "devices: {small: {speed: 1 GFLOP/s, memory: 8 MB}}",
      "groups: {few: {share: 30 %, device: small}, rest: {link: lte}}",
      "participation: {caps: [{stage: 1, clients: 5}]}", "training: {batch: 4}")
    let topology = try Texts.topology(text)
    #expect(topology.plan.contains("\nparticipation.caps: [{stage: "))
    try Self.expectSame(topology, "caps")
    #expect(try Topology(plan: topology.plan).stageLimits[5] == 1)
  }

  @Test func `a worker's own affairs come beside the plan and don't change it`() throws {
    let plan = try Texts.topology(Texts.least).plan
    let planned = try Topology(
      plan: plan, overrides: Overrides(settings: ["data.path=/my/data", "limits.fetch=40 s"]))
    #expect(planned.data.path == "/my/data" && planned.plan == plan)
    #expect(planned.limits.fetchTimeout == .seconds(40))
    let faults = #expect(throws: TopologyError.self) {
      try Topology(
        plan: plan, overrides: Overrides(settings: ["data.path=/nowhere"]), checksFiles: true)
    }?.faults
    #expect(faults?.map(\.path) == ["data.path"])
  }
}

/// Plans that can't be followed.
@Suite struct PlanFaultTests {
  private static func faults(_ plan: String) -> [TopologyIssue] {
    do throws(TopologyError) {
      _ = try Topology(plan: plan, from: "the broker's plan")
      return []
    } catch { return error.faults }
  }

  private static func plan() throws -> String { try Texts.topology(Texts.least).plan }

  @Test(arguments: [
    (
      "format: progfed plan 2", "format: progfed plan 3",
      "a newer program (format 3); this one knows 2"
    ),
    (
      "format: progfed plan 2", "format: progfed plan x",
      "a newer program (format x); this one knows 2"
    ),
    (
      "format: progfed plan 2", "format: progfed plan 1",
      "an older program (format 1); this one knows 2"
    ),
    ("format: progfed plan 2", "clients: 10", "isn't a plan"),
    ("training.batch: 20", "training.batch: 20\ntraining.warp: 9", "isn't a key of plans"),
    ("training.batch: 20", "training.batch: 20\nseed: 4", "seed isn't a key of plans"),
    (
      "training.batch: 20", "training.batch: 20\nlinks.a.trace: /etc/passwd", "isn't a key of plans"
    ),
    ("training.batch: 20", "training.batch: 20\ntraining.batch: 21", "a second time"),
    ("training.batch: 20", "training.batch: 020", "write 20"),
    ("training.batch: 20", "training.batch: 2_0", "is 2_0 in the plan, and 20 to this program"),
    ("training.batch: 20", "training.batch", "isn't a key, a colon, a space and a value"),
    ("training.batch: 20", "training.batch: \u{7}20", "control character"),
    ("training.batch: 20", "training.batch: [", "isn't YAML"),
    ("training.batch: 20\n", "", "isn't in the plan"),
    (
      "conv1.weight 32×1×3×3 weight", "conv1.weight 32×1×5×5 weight",
      "of another version of progfed"
    ),
    ("mean: [0.286]", "mean: [0.287]", "data.normalization is {mean: [0.287]"),
    ("model.classes: 10", "model.classes: 11", "model.classes is 11 in the plan, and 10"),
    ("model.name: convnet", "model.name: hyper", "not a model"),
    ("clients: 10", "clients: 0", "from 1"),
    ("strategy: progressive\nclients: 10", "clients: 10\nstrategy: progressive", "another order"),
    ("data.name: fashion-mnist", "data.from: here", "data.input is missing"),
  ])
  func `a plan that isn't this program's own is refused with what differs`(
    old: String, new: String, words: String
  ) throws {
    let plan = try Self.plan()
    #expect(plan.contains(old))
    let faults = Self.faults(plan.replacing(old, with: new))
    #expect(faults.contains { $0.words.contains(words) }, "\(faults.map(\.words))")
    #expect(faults.allSatisfy { !$0.remedy.isEmpty })
  }

  @Test func `faults tell the plan's line`() throws {
    let plan = try Self.plan().replacing("training.batch: 20", with: "training.batch: many")
    let number = try #require(
      plan.split(separator: "\n").firstIndex { $0.hasPrefix("training.batch") })
    #expect(Self.faults(plan).map(\.line) == [number + 1])
  }

  @Test func `what is cut short, too long or empty is no plan`() throws {
    let plan = try Self.plan()
    for text in [
      "", "\n", String(plan.dropLast()), String(plan.prefix(200)), plan + "x",
      plan + String(repeating: "training.batch: 20\n", count: 30_000),
      plan + "model.9.x: " + String(repeating: "a", count: PlanText.limit) + "\n",
    ] { #expect(!Self.faults(text).isEmpty, "\(text.count) characters") }
  }

  @Test func `two plans' differences have keys and both values`() throws {
    let first = try Texts.topology(Texts.least).plan
    let second = try Texts.topology(
      Texts.least, Overrides(rounds: 20, settings: ["training.batch=9", "codecs.downDelta=stc5"])
    ).plan
    let difference = PlanDifference(between: first, and: second)
    #expect(
      difference.lines("at the broker", "here") == [
        "codecs.downDelta: nothing at the broker, stc5 here",
        "codecs.reference: nothing at the broker, last here",
        "stages.rounds: [1, 1, 10] at the broker, [1, 1, 18] here",
        "training.batch: 20 at the broker, 9 here",
      ])
    #expect(difference.lines("a", "b", atMost: 1).last == "and 3 more")
    #expect(PlanDifference(between: first, and: first).isEmpty)
    #expect(PlanDifference(between: "a:b\nx\n", and: "a: b\nx: \n").isEmpty)
  }
}
