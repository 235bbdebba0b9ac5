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

/// Each kind of fault, with the line that it is told for.
struct FaultTests {
  @Test(arguments: [
    ("training:\n  epochs: ten", 8, "training.epochs", "not a whole number"),
    ("training:\n  epochs: \"ten\"", 8, "training.epochs", "“ten”"),
    ("training:\n  epochs: \"\"", 8, "training.epochs", "“”"),
    ("training:\n  epochs: 010", 8, "training.epochs", "write 10"),
    ("training:\n  epochs: 1e1", 8, "training.epochs", "in digits"),
    ("training:\n  batch: 0x14", 8, "training.batch", "in digits"),
    ("training:\n  epochs: [1]", 8, "training.epochs", "a list"),
    ("training:\n  epochs: {a: 1}", 8, "training.epochs", "a section of keys"),
    ("training:\n  epochs:", 8, "training.epochs", "empty"),
    ("training:\n  epochs: 1.5", 8, "training.epochs", "not a whole number"),
    ("training:\n  epochs: 0", 8, "training.epochs", "from 1 to 1000"),
    ("training:\n  batch: -20", 8, "training.batch", "is -20"),
    (
      "training:\n  batch: 99999999999999999999", 8, "training.batch",
      "is 99999999999999999999 — write a number from 1"
    ),
    (
      "training:\n  batch: -9223372036854775809", 8, "training.batch", "is -9223372036854775809"
    ),
    ("training:\n  learningRate: fast", 8, "training.learningRate", "not a number"),
    ("training:\n  learningRate: 0", 8, "training.learningRate", "but not 0"),
    ("training:\n  learningRate: -0.1", 8, "training.learningRate", "is -0.1"),
    ("training:\n  learningRate: .nan", 8, "training.learningRate", "not a number"),
    ("training:\n  learningRate: 0x1p3", 8, "training.learningRate", "not a number"),
    ("training:\n  momentum: 1", 8, "training.momentum", "but not 1"),
    ("training:\n  momentum: 0\n  nesterov: true", 9, "training.nesterov", "momentum of 0"),
    ("training:\n  nesterov: yes", 8, "training.nesterov", "true or false"),
    ("training:\n  optimizer: adamw", 8, "training.optimizer", "did you mean adam?"),
    ("training:\n  decay: 0.9", 8, "training.decay", "means nothing to sgd"),
    ("training:\n  beta2: 0.9", 8, "training.beta2", "means nothing to sgd"),
    (
      "training:\n  optimizer: adam\n  beta2: 0.9\n  decay: 0.9", 10, "training.decay",
      "former name of training.beta2"
    ),
    ("training:\n  optimizer: adam\n  nesterov: true", 9, "training.nesterov", "nothing to adam"),
    ("training:\n  optimizer: adam\n  decay: 1", 9, "training.decay", "but not 1"),
    ("training:\n  weightDecay: -1", 8, "training.weightDecay", "is -1"),
    ("training:\n  clipNorm: 0", 8, "training.clipNorm", "but not 0"),
    ("training:\n  lossLimit: none", 8, "training.lossLimit", "not a number"),
    ("training:\n  proximal: -1", 8, "training.proximal", "is -1"),
    ("training:\n  correction: scafold", 8, "training.correction", "did you mean scaffold?"),
    (
      "training:\n  optimizer: adam\n  correction: scaffold", 9, "training.correction",
      "those of adam"
    ),
    (
      "training:\n  proximal: 0.1\n  correction: scaffold", 9, "training.correction",
      "pulls it back"
    ),
    (
      "training:\n  correction: scaffold\nparticipation:\n  stragglers: nextRound", 8,
      "training.correction", "updates of earlier rounds"
    ),
    (
      "training:\n  correction: scaffold\nparticipation:\n  caps: [{stage: 1, clients: 0-3}]", 8,
      "training.correction", "participation.caps"
    ),
    (
      "training:\n  correction: scaffold\ndevices:\n  small: {speed: 1 GFLOP/s, memory: 6 MB}\n"
        + "groups:\n  watches: {device: small}", 8, "training.correction", "groups.watches"
    ),
    ("server:\n  averaging: fednov", 8, "server.averaging", "did you mean fednova?"),
    (
      "training:\n  optimizer: adam\nserver:\n  averaging: fednova", 10, "server.averaging",
      "those of adam"
    ),
    (
      "training:\n  proximal: 1\nserver:\n  averaging: fednova", 10, "server.averaging",
      "pulls it back"
    ),
    ("training:\n  schedule: cosin", 8, "training.schedule", "did you mean cosine?"),
    ("training:\n  schedule: cosineRestarts", 8, "training.schedule", "how often"),
    ("training:\n  schedule: [cosine]", 8, "training.schedule", "a list"),
    ("training:\n  schedule:\n    floor: 0", 9, "training.schedule.name", "missing"),
    (
      "training:\n  schedule: {name: multistep, milestones: 3}", 8,
      "training.schedule.milestones", "a list of shares"
    ),
    (
      "training:\n  schedule: {name: multistep, milestones: [50 %, 120 %]}", 8,
      "training.schedule.milestones[2]", "120 %"
    ),
    (
      "training:\n  schedule: {name: cosine, period: 3}", 8, "training.schedule.period",
      "isn't a key"
    ),
    ("server:\n  optimizer: fedadm", 8, "server.optimizer", "did you mean fedadam?"),
    ("server:\n  momentum: 1", 8, "server.momentum", "but not 1"),
    ("server:\n  decay: 0.9", 8, "server.decay", "means nothing"),
    ("server:\n  epsilon: 0.9", 8, "server.epsilon", "means nothing"),
    ("server:\n  optimizer: fedadagrad\n  decay: 0.9", 9, "server.decay", "means nothing"),
    ("training: 3", 7, "training", "not a section"),
    ("training:\n  bacth: 20", 8, "training.bacth", "did you mean batch?"),
    (
      "training:\n  zzzzzzzzzzzz: 20", 8, "training.zzzzzzzzzzzz", "the keys of training are epochs"
    ),
    ("trainin: {}", 7, "trainin", "did you mean training?"),
    ("seed: -1", 7, "seed", "of at least 0"),
    ("seed: 18446744073709551616", 7, "seed", "of at most 18446744073709551615"),
    ("seed: 340282366920938463463374607431768211456", 7, "seed", "of at most"),
    ("seed: 1.0", 7, "seed", "not a whole number"),
    ("seed: 1e19", 7, "seed", "not a whole number"),
    ("name: ../x", 7, "name", "has a slash"), ("name: /tmp/x", 7, "name", "has a slash"),
    ("name: ..", 7, "name", "full stop"), ("name: .hidden", 7, "name", "full stop"),
    ("name: \"  \"", 7, "name", "blank"),
    ("name: \(String(repeating: "🌳", count: 60))", 7, "name", "240 bytes"),
    ("name: [a]", 7, "name", "not a text"),
    ("name: \"a\\nb\"", 7, "name", "several lines"),
    ("name: \"\"", 7, "name", "empty"),
    ("strategy: progresive", 7, "strategy", "did you mean progressive?"),
    ("stages:\n  count: 4", 8, "stages.count", "convnet has 3"),
    ("stages:\n  each: 6", 8, "stages.each", "leave none of 12"),
    ("stages:\n  rounds: [4, 4]", 8, "stages.rounds", "2 values for the model's 3"),
    ("stages:\n  rounds: [4, 4, 5]", 8, "stages.rounds", "add up to 13, not to the 12"),
    ("stages:\n  rounds: [4, 8, 0]", 8, "stages.rounds", "gives the last stage no rounds"),
    ("stages:\n  rounds: [4, -1, 9]", 8, "stages.rounds[2]", "is -1"),
    ("stages: pauper", 7, "stages.rule", "did you mean paper?"),
    ("stages:\n  rule: paper\n  each: 2", 8, "stages.rule", "that stages.each already gives"),
    ("stages:\n  rounds: 12", 8, "stages.rounds", "a list of rounds"),
    ("stages:\n  rounds: [4, 4, 4]\n  each: 4", 9, "stages.each", "two ways"),
    ("stages:\n  rule: paper\n  warmUp: 2", 9, "stages.warmUp", "fills a stage of 2"),
    ("stages:\n  rule: paper\n  warmUp: 2", 9, "stages.warmUp", "write 1 at most, or raise rounds"),
    ("stages:\n  warmUp: 9", 8, "stages.warmUp", "write 4 at most, or raise rounds"),
    ("stages:\n  each: 2\n  warmUp: 2", 9, "stages.warmUp", "1 at most, or lengthen the stage"),
    ("stages:\n  rule: paper\n  when: plateau", 8, "stages.rule", "stages.when ends stages"),
    ("stages:\n  warmUp: -1", 8, "stages.warmUp", "is -1"),
    ("participation:\n  perRound: 11", 8, "participation.perRound", "11 of 10 clients"),
    (
      "participation:\n  perRound: 5\n  quorum: 6", 9, "participation.quorum", "5 clients are asked"
    ),
    ("participation:\n  overSelect: 0.5", 8, "participation.overSelect", "from 1 to 10"),
    ("participation:\n  overSelect: 2", 8, "participation.overSelect", "there are no others"),
    (
      "participation: {perRound: 8, overSelect: 1.3}", 7, "participation.overSelect",
      "asks 11 clients for the 8 updates of a round, but there are 10"
    ),
    (
      "participation:\n  overSelect: 1.0000000000000000000000001", 8, "participation.overSelect",
      "round it to 24 decimals"
    ),
    (
      "devices:\n  a:\n    speed: 1 GFLOP/s\n    dropOut: 6,5 %", 10, "devices.a.dropOut",
      "put a point before decimals"
    ),
    ("training:\n  learningRate: 0,1", 8, "training.learningRate", "put a point before decimals"),
    ("participation:\n  sampling: fare", 8, "participation.sampling", "did you mean fair?"),
    ("participation:\n  weights: 3", 8, "participation.weights", "a way of weighting"),
    ("participation:\n  stragglers: later", 8, "participation.stragglers", "nextRound"),
    ("participation:\n  stragglers: buffered", 8, "participation.stragglers", "as in buffer: 10"),
    ("participation:\n  buffer: 3", 8, "participation.buffer", "goes with stragglers: buffered"),
    (
      "participation:\n  stragglers: buffered\n  buffer: 11", 9, "participation.buffer",
      "there are 10 clients"
    ),
    (
      "participation:\n  stragglers: buffered\n  buffer: 2\n  quorum: 2", 10,
      "participation.quorum", "means nothing"
    ),
    ("participation:\n  maximalStaleness: 2", 8, "participation.maximalStaleness", "discarded"),
    ("participation:\n  caps: 3", 8, "participation.caps", "a list of caps"),
    ("participation:\n  caps: [{stage: 1}]", 8, "participation.caps[1].clients", "missing"),
    (
      "participation:\n  caps: [{stage: 1, clients: 9-10}]", 8, "participation.caps",
      "names client 10"
    ),
    ("participation:\n  caps: [{stage: 3, clients: 0}]", 8, "participation.caps", "has 3"),
    (
      "participation:\n  caps: [{stage: 1, clients: 0-2}, {stage: 2, clients: 2}]", 8,
      "participation.caps[2]", "a second time"
    ),
    (
      "participation:\n  caps: [{stage: 1, clients: 3-1}]", 8, "participation.caps[1].clients",
      "as in 0-9"
    ),
    ("participation:\n  quorum: 120 %", 8, "participation.quorum", "1 % to 100 %"),
    ("participation:\n  quorum: most", 8, "participation.quorum", "not a whole number"),
    ("participation:\n  minimum: 11", 8, "participation.minimum", "there are 10 clients"),
    ("participation:\n  deadline: 30", 8, "participation.deadline", "as in 30 s"),
    ("participation:\n  deadline: 30 weeks", 8, "participation.deadline", "units are ms, s"),
    ("participation:\n  deadline: -3 s", 8, "participation.deadline", "not a duration"),
    ("participation:\n  deadline: 0 s", 8, "participation.deadline", "write 0.01 s"),
    ("participation:\n  grace: -5 %", 8, "participation.grace", "write 0 % to 1000 %"),
    ("participation:\n  quorum: 3\n  grace: 1001 %", 9, "participation.grace", "0 % to 1000 %"),
    ("participation:\n  grace: half %", 8, "participation.grace", "as in 80 %"),
    ("participation:\n  grace: 0.5", 8, "participation.grace", "quorum's time as in 50 %"),
    ("participation:\n  grace: 50", 8, "participation.grace", "as in 5 s, or a share"),
    ("participation:\n  grace: 5 min", 8, "participation.grace", "longer than the deadline"),
    ("participation:\n  joinTimeout: 2 d", 8, "participation.joinTimeout", "to 86400 s"),
    ("codecs:\n  up: linear9", 8, "codecs.up", "that many bits"),
    ("codecs:\n  up: zip", 8, "codecs.up", "doesn't exist"),
    ("codecs:\n  up: linear8+linear4", 8, "codecs.up", "both round"),
    ("codecs:\n  up: 8", 8, "codecs.up", "doesn't exist"),
    ("codecs:\n  up: [linear8]", 8, "codecs.up", "not a text"),
    ("codecs:\n  down: random10", 8, "codecs.down", "whole model"),
    ("codecs:\n  smallTensors: -1", 8, "codecs.smallTensors", "is -1"),
    ("codecs:\n  downDelta: random10", 8, "codecs.downDelta", "scales what it keeps"),
    ("codecs:\n  downDelta: linear1", 8, "codecs.downDelta", "errs by more than what it is given"),
    (
      "codecs:\n  downDelta: hadamard2", 8, "codecs.downDelta", "errs by more than what it is given"
    ),
    ("codecs:\n  early: {downDelta: stc5}", 8, "codecs.early.downDelta", "nothing without deltas"),
    (
      "codecs:\n  downDelta: stc1\n  early: {downDelta: cosine1}", 9, "codecs.early.downDelta",
      "errs by more than what it is given"
    ),
    (
      "codecs: {errorFeedback: true, up: stc1, young: {up: eden0.1}}", 7, "codecs.young.up",
      "scales what it keeps"
    ),
    (
      "codecs: {errorFeedback: true, up: stc1, blocks: {block1: qsgd4}}", 7,
      "codecs.blocks.block1", "errs by more than what it is given"
    ),
    ("codecs:\n  keyframeEvery: 5", 8, "codecs.keyframeEvery", "means nothing without deltas"),
    ("codecs:\n  blocks: {block9: eden1}", 8, "codecs.blocks.block9", "has no block9"),
    ("codecs:\n  blocks: {neck: eden1}", 8, "codecs.blocks.neck", "names no block"),
    ("codecs:\n  early: {rounds: 0}", 8, "codecs.early.rounds", "is 0"),
    ("codecs: {errorFeedback: true, up: eden0.1}", 7, "codecs.up", "scales what it keeps"),
    ("evaluation:\n  every: -1", 8, "evaluation.every", "is -1"),
    ("evaluation:\n  batch: 0", 8, "evaluation.batch", "is 0"),
    ("evaluation:\n  clients: some", 8, "evaluation.clients", "not all, a number of clients"),
    ("evaluation:\n  clients: 0", 8, "evaluation.clients", "is 0"),
    ("evaluation:\n  clients: 11", 8, "evaluation.clients", "asks for 11 of 10 clients"),
    (
      "evaluation:\n  minimum: {clients: 11}", 8, "evaluation.minimum.clients",
      "is 11, but there are 10 clients"
    ),
    ("evaluation:\n  minimum: {samples: 0}", 8, "evaluation.minimum.samples", "is 0"),
    ("evaluation:\n  gradient: all", 8, "evaluation.gradient", "not a whole number"),
    ("limits:\n  bytesInFlight: 64", 8, "limits.bytesInFlight", "as in 64 MB"),
    ("limits:\n  bytesInFlight: 1 MB", 8, "limits.bytesInFlight", "one update"),
    ("limits:\n  chunk: 1 MB", 8, "limits.chunk", "write 1.02 kB to 262 kB"),
    ("limits:\n  announce: 0 s", 8, "limits.announce", "to 3600 s"),
    ("limits:\n  silence: 5 s", 8, "limits.silence", "pass for lost"),
    ("limits:\n  updateNorm: 0", 8, "limits.updateNorm", "but not 0"),
    ("limits:\n  normMultiple: 0.5", 8, "limits.normMultiple", "is 0.5"),
    ("limits:\n  samples: 0", 8, "limits.samples", "is 0"),
    ("participation:\n  weightCap: 0", 8, "participation.weightCap", "is 0"),
    (
      "participation: {weights: equal, weightCap: 9}", 7, "participation.weightCap",
      "means nothing where all updates count the same"
    ),
  ])
  func `a wrong value is told with its line, its key and a remedy`(
    lines: String, line: Int, path: String, words: String
  ) throws {
    let faults = Texts.faults(Texts.with(lines))
    #expect(faults.map(\.path) == [path])
    let fault = try #require(faults.first)
    #expect(fault.line == line)
    #expect(fault.words.contains(words), "\(fault.words)")
    #expect(!fault.remedy.isEmpty)
  }

  @Test(arguments: [
    ("  path: [here]", "data.path", "not a text"), ("  partition: idd", "data.partition", "iid"),
    ("  partition: {shards: 0}", "data.partition.shards", "from 1"),
    ("  partition: {dirichlet: 0}", "data.partition.dirichlet", "from 1e-06"),
    ("  partition: {dirichlet: 1, shards: 2}", "data.partition", "one partition"),
    ("  partition: {logNormal: 1, minimum: 2}", "data.partition.minimum", "dirichlet only"),
    ("  partition: {}", "data.partition", "one partition"),
    ("  partition: {dirichle: 1}", "data.partition.dirichle", "did you mean dirichlet?"),
    ("  partition: [iid]", "data.partition", "a list"),
    ("  augmentation: some", "data.augmentation", "There are none and standard"),
    ("  limit: {train: 9}", "data.limit.train", "10 clients need 10"),
    ("  limit: {test: 0}", "data.limit.test", "is 0"),
    ("  limit: 100", "data.limit", "section of keys"),
  ])
  func `a wrong value of the data is told with its line, its key and a remedy`(
    line: String, path: String, words: String
  ) throws {
    let faults = Texts.faults(Texts.least + line + "\n")
    #expect(faults.map(\.path) == [path])
    let fault = try #require(faults.first)
    #expect(fault.line == 7)
    #expect(fault.words.contains(words), "\(fault.words)")
  }

  @Test(arguments: [
    (1, "clients: 0", 1, "clients", "from 1"), (1, "# no clients", 2, "clients", "missing"),
    (2, "rounds: 2\nstages: paper", 2, "rounds", "too few for 3 stages"),
    (2, "# no rounds", 1, "rounds", "missing"),
    (2, "round: 12", 2, "round", "did you mean rounds?"),
    (4, "  name: resnet", 4, "model.name", "not a model"),
    (4, "  # no name", 3, "model.name", "missing"),
    (6, "  name: fashion-mnst", 6, "data.name", "did you mean fashion-mnist?"),
    (6, "  # no name", 5, "data.name", "missing"),
  ])
  func `what must be there is missed, and what is there is judged`(
    number: Int, text: String, line: Int, path: String, words: String
  ) throws {
    let faults = Texts.faults(Texts.replacing(line: number, by: text))
    #expect(faults.map(\.path) == [path])
    let fault = try #require(faults.first)
    #expect(fault.line == line)
    #expect(fault.words.contains(words), "\(fault.words)")
  }

  @Test func `all faults of a file are told at once, in the order of its lines`() {
    let text = """
      clients: many
      rounds: 12
      stage: {}
      model:
        name: convnet
        name: convnet
      data:
        name: fashion-mnist
        path: [/nowhere/at/all]
      training:
        batch: 0
        momentum: 2
      participation:
        perRound: 5
        quorum: 7
      codecs:
        up: linear12
      rounds: 13
      """
    #expect(
      Texts.faults(text).map { "\($0.line) \($0.path)" } == [
        "1 clients", "3 stage", "6 model.name", "9 data.path", "11 training.batch",
        "12 training.momentum", "15 participation.quorum", "17 codecs.up", "18 rounds",
      ])
  }

  @Test func `the error's text has a line for each fault, a hundred at most`() {
    let error = #expect(throws: TopologyError.self) {
      try Texts.topology(Texts.with("training:", "  batch: 0", "  epochs: 0"))
    }
    let text = "\(error.map { "\($0)" } ?? "")"
    #expect(
      text == """
        test.yaml:8: training.batch is 0 — write a number from 1 to 65536
        test.yaml:9: training.epochs is 0 — write a number from 1 to 1000
        """)
    let many = (0..<150).map { "key\($0)z: 1\n" }.joined()
    let long = #expect(throws: TopologyError.self) { try Texts.topology(Texts.least + many) }
    #expect(long?.faults.count == 150)
    let lines = long.map { "\($0)".split(separator: "\n") } ?? []
    #expect(lines.count == 101)
    #expect(lines.last == "test.yaml: and 50 faults more")
  }

  @Test(arguments: [
    ("fashion-mnist\n  path: nowhere", 7, "data.path", "isn't there: nowhere"),
    ("fashion-mnist\n  path: /nowhere/at/all", 7, "data.path", "apt-get"),
    ("mnist", 6, "data.name", "no path given"), ("cifar10", 6, "data.name", "cifar10"),
  ])
  func `files that aren't there are missed`(
    lines: String, line: Int, path: String, words: String
  ) throws {
    let text = Texts.replacing(line: 6, by: "  name: \(lines)")
    let faults = Texts.faults(text, checksFiles: true).filter { $0.path != "model.name" }
    #expect(faults.map(\.path) == [path])
    #expect(faults.first?.line == line)
    #expect(faults.first?.words.contains(words) == true, "\(faults.map(\.words))")
  }

  @Test func `data without files needs none`() throws {
    let text = Texts.replacing(line: 6, by: "  name: synthetic")
    #expect(try Texts.topology(text, checksFiles: true).data.name == "synthetic")
  }

  @Test func `labels of pixels are not for models of images`() {
    let faults = Texts.faults(Texts.replacing(line: 6, by: "  name: icbm152"))
    #expect(faults.map(\.path) == ["model.name"])
  }

  @Test func `a fault of one value doesn't make others wrong`() {
    let text =
      Texts.replacing(line: 1, by: "clients: ten")
      + "participation:\n  perRound: 5\n  quorum: 4\n  minimum: 3\n"
    #expect(Texts.faults(text).map(\.path) == ["clients"])
  }
}
