import Measures
import Models
import Progressive
import Tensors
import TestSupport
import Testing
import Topology

/// Manifests of models that the program doesn't know, and topologies that name one.
@Suite struct ManifestTests {
  private static let net = TestTrainer.manifest

  private static func read(_ text: String) throws -> ModelManifest {
    try ManifestFile(parsing: text, file: "net.yaml").manifest
  }

  private static func topology(
    _ text: String, manifest: String = net
  ) throws -> Topology {
    let folder = try Folder()
    _ = try folder.write(manifest, to: "net.yaml")
    return try Topology(contentsOf: folder.write(text, to: "tiny.yaml"))
  }

  @Test func `a manifest says tensors, costs and first values`() throws {
    let manifest = try Self.read(Self.net)
    #expect(manifest.name == "tiny" && manifest.classes == 4 && manifest.stages.count == 2)
    let block = manifest.stages[0].block
    #expect(
      block == [
        Parameter("w", [3, 4], role: .weight, initial: .uniform(fanIn: 4)),
        Parameter("mean", [3], role: .buffer, initial: .zeros),
      ])
    #expect(manifest.stages[1].block[0].initial == .normal(deviation: 0.1))
    #expect(manifest.stages[1].carriesHead && !manifest.stages[1].carriesBlock)
    #expect(manifest.stages.map(\.flops) == [600, 1200])
    #expect(try Self.read(manifest.text()) == manifest)
  }

  @Test func `first values follow from the rule, the name and the seed`() throws {
    let architecture = Architecture(try Self.read(Self.net))
    let values = architecture.initialize(stage: 2, random: RandomStream(seed: 3))
    #expect(values.map(\.layout.name) == ["block1", "block2", "head2"])
    #expect(values[0].scalars[..<12].allSatisfy { abs($0) <= 0.5 && $0 != 0 })
    #expect(values[0].scalars[12...] == [0, 0, 0])
    #expect(values[1].scalars[..<9].contains { abs($0) > 0.1 })
    #expect(values[1].scalars[9...] == [1, 1, 1])
    #expect(architecture.initialize(stage: 2, random: RandomStream(seed: 3)) == values)
  }

  @Test func `a sub-model's costs are those that the manifest tells, or six for each value`() throws
  {
    var manifest = try Self.read(Self.net)
    #expect(Architecture(manifest).trainingFLOPs(stage: 2) == 1200)
    let warmUp = Architecture(manifest).trainingFLOPs(stage: 2, trainable: [1, 2])
    #expect(warmUp > 400 && warmUp < 1200)
    manifest.stages[1].flops = nil
    #expect(Architecture(manifest).trainingFLOPs(stage: 2) == 6 * (15 + 12 + 12))
  }

  @Test func `the program's own models have manifests, too`() throws {
    let convnet = try Zoo.architecture(named: "convnet")
    let manifest = ModelManifest(convnet)
    let again = Architecture(try Self.read(manifest.text()))
    for stage in 1...convnet.stages {
      #expect(again.trainingFLOPs(stage: stage) == convnet.trainingFLOPs(stage: stage))
      for (own, its) in zip(convnet.layouts(stage: stage), again.layouts(stage: stage)) {
        #expect(own.name == its.name && own.count == its.count)
        #expect(own.parameters.map(\.shape) == its.parameters.map(\.shape))
      }
    }
    let values = [convnet, again].map { $0.initialize(stage: 2, random: RandomStream(seed: 1)) }
    #expect(values[0].map(\.scalars) == values[1].map(\.scalars))
  }

  @Test(arguments: [
    ("name: tiny", "name: a model", "name is “a model”"),
    ("format: progfed manifest 1", "format: 2", "not “progfed manifest 1”"),
    ("shape: [3, 4]", "shape: [3, 0]", "stages[1].block[1].shape[2] is 0"),
    ("shape: [3, 4]", "shape: [70000, 70000]", "has more than 2147483647 values"),
    (
      "{name: mean, shape: [3], role: buffer, init: zeros}", "{name: w, shape: [3]}",
      "is w a second"
    ),
    ("role: buffer, init: zeros", "role: statistic", "not a role"),
    ("role: buffer, init: zeros", "init: uniform", "which needs fanIn"),
    ("init: {normal: 0.1}", "init: {normal: -1}", "stages[2].block[1].init.normal is -1"),
    ("init: {normal: 0.1}", "type: int8", "not a type"),
    ("headFrom: head1", "headFrom: head2", "not a segment of the stage before"),
    ("headFrom: head1", "blockFrom: block1", "whose tensors have other shapes"),
    ("headFrom: head1", "frozen: true", "isn't supported"),
    ("headFrom: head1", "tail: 1", "stages[2].tail isn't a key"),
    ("classes: 4", "classes: 0", "classes is 0"),
  ])
  func `what is wrong is told with its line`(old: String, new: String, words: String) throws {
    let text = Self.net.replacing(old, with: new, maxReplacements: 1)
    #expect(text != Self.net)
    let error = #expect(throws: TopologyError.self) { try Self.read(text) }
    let said = "\(try #require(error))"
    #expect(said.contains(words), "\(said)")
    let line = 1 + text.split(separator: "\n").firstIndex { $0.contains(new) }!
    #expect(said.contains("net.yaml:\(line):"), "\(said)")
  }

  @Test func `a stage without tensors, and a manifest without stages, are refused`() throws {
    for (text, words) in [
      ("format: progfed manifest 1\nname: x\nstages: []\n", "stages has no stage"),
      ("format: progfed manifest 1\nname: x\nstages: [{block: [], head: []}]\n", "has no tensor"),
      ("format: progfed manifest 1\nname: x\n", "stages is missing"), ("", "is empty"),
    ] {
      let error = #expect(throws: TopologyError.self) { try Self.read(text) }
      #expect("\(try #require(error))".contains(words))
    }
  }

  @Test func `a fault of the file is told at the key that names it`() throws {
    let error = #expect(throws: TopologyError.self) {
      try Self.topology(
        TestTrainer.topology(), manifest: Self.net.replacing("[3, 3]", with: "[3, x]"))
    }
    let said = "\(try #require(error))"
    #expect(said.contains("tiny.yaml:4: ") && said.contains("net.yaml:13: "), "\(said)")
  }

  @Test func `a file that isn't there is told`() throws {
    let folder = try Folder()
    let path = try folder.write(TestTrainer.topology(), to: "tiny.yaml")
    let error = #expect(throws: TopologyError.self) { try Topology(contentsOf: path) }
    #expect("\(try #require(error))".contains("net.yaml isn't there"))
  }

  @Test func `a plan has the manifest in it, and makes the same topology`() throws {
    let topology = try Self.topology(TestTrainer.topology())
    #expect(topology.data.source.isTrainers && topology.data.staysWithClients)
    let planned = try Topology(plan: topology.plan)
    #expect(planned.plan == topology.plan && planned.planDigest == topology.planDigest)
    #expect(planned.architecture.manifest == topology.architecture.manifest)
    #expect(planned.training.options == ["shift": .number(0.5)])
    #expect(planned.training.program == nil, "a broker says nothing of what runs at a worker")
    #expect(!topology.plan.contains("trainer.py"))
    let own = try Topology(
      plan: topology.plan, overrides: Overrides(settings: ["training.program=[python3, my.py]"]))
    #expect(own.training.program?.command == ["python3", "my.py"])
    #expect(own.planDigest == topology.planDigest)
  }

  @Test func `options keep their kinds`() throws {
    let text = TestTrainer.topology().replacing(
      "options: {shift: 0.5}",
      with: "options: {a: 1, b: 1.5, c: true, d: null, e: \"1\", f: [x, -2], "
        + "g: {h: \"a \\\"b\\\"\"}}")
    let topology = try Self.topology(text)
    #expect(
      topology.training.options == [
        "a": .whole(1), "b": .number(1.5), "c": .flag(true), "d": .null, "e": .text("1"),
        "f": .list([.text("x"), .whole(-2)]), "g": .section(["h": .text("a \"b\"")]),
      ])
    #expect(try Topology(plan: topology.plan).training.options == topology.training.options)
  }

  @Test func `limits of programs are read`() throws {
    let text = TestTrainer.topology().replacing(
      "limits: {silence: 20 s}", with: "limits: {start: 5 s, time: 1 h, memory: 2 GiB}")
    let program = try #require(try Self.topology(text).training.program)
    #expect(program.start == .seconds(5) && program.time == .seconds(3600))
    #expect(program.memory == ByteCount(2 << 30) && program.silence == .seconds(600))
  }

  @Test(arguments: [
    ("manifest: net.yaml", "manifest: net.yaml, width: 4", "model.width means nothing"),
    ("manifest: net.yaml", "manifest: net.yaml, name: mlp", "model.name means nothing"),
    ("clients: all", "clients: all, gradient: 10", "evaluation.gradient takes"),
    ("clients: all", "clients: all, perClass: true", "evaluation.perClass isn't"),
    ("warmUp: 1", "warmUp: 1, entry: continued", "stages.entry is continued"),
    ("seed: 5", "seed: 5\nstrategy: mixed", "heads can't work side by side"),
    ("seed: 5", "seed: 5\ndata: {name: synthetic}", "programs that have their own"),
    ("seed: 5", "seed: 5\ndata: {from: trainer, path: x}", "data.path isn't a key"),
    ("program: [python3, trainer.py]", "program: []", "training.program names no program"),
    ("program: [python3, trainer.py], ", "", "training.limits are those of training.program"),
    ("silence: 20 s", "silence: 0 s", "training.limits.silence is 0 s"),
    ("silence: 20 s", "memory: 1 kB", "training.limits.memory is 1 kB"),
  ])
  func `what can't be done with a manifest's model is refused by name`(
    old: String, new: String, words: String
  ) throws {
    let text = TestTrainer.topology().replacing(old, with: new)
    #expect(text != TestTrainer.topology())
    let error = #expect(throws: TopologyError.self) { try Self.topology(text) }
    #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
  }

  @Test(arguments: [
    (
      "training: {program: [python3, train.py]}\ndata: {name: synthetic}",
      "training.program trains"
    ),
    ("data: {from: trainer}", "data.from is trainer, but model.name"),
  ])
  func `programs don't train the program's own models`(lines: String, words: String) throws {
    let error = #expect(throws: TopologyError.self) {
      try Topology(
        parsing: "clients: 2\nrounds: 4\nmodel: {name: convnet}\n\(lines)\n", file: "own.yaml")
    }
    #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
  }

  @Test func `a forecast needs no program`() throws {
    let text = TopologyCheck(try Self.topology(TestTrainer.topology())).text()
    #expect(text.contains("tiny: tiny in 2 stages, 5 rounds"), "\(text)")
    #expect(text.contains("which trainer programs have"), "\(text)")
  }
}
