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

/// Right values and what they become.
struct ValueTests {
  @Test func `only five values must be there, the rest has safe defaults`() throws {
    let topology = try Texts.topology(Texts.least)
    #expect(topology.name == "test")
    #expect(topology.seed == 1)
    #expect(topology.clients == 10)
    #expect(topology.rounds == 12)
    #expect(topology.strategy == .progressive)
    #expect(topology.architecture.name == "convnet")
    #expect(topology.architecture.input == [1, 28, 28])
    #expect(topology.architecture.classes == 10)
    #expect(topology.growthSchedule == GrowthSchedule(rounds: [1, 1, 10], warmUpRounds: 0))
    #expect(topology.data.partition == .iid)
    #expect(topology.data.augmentation == .none)
    #expect(topology.data.path == nil)
    #expect(topology.training == TrainingSection())
    #expect(topology.server.rule == .plain)
    #expect(topology.server.averaging == .mean)
    #expect(topology.rules == RoundRules(clientsPerRound: 10))
    #expect(topology.codecs.up == UpdateCodec(.dense32))
    #expect(topology.codecs.down == UpdateCodec(.dense32))
    #expect(topology.evaluation.every == 1 && topology.evaluation.gradient == 0)
    #expect(topology.evaluation.clients == nil && topology.evaluationRules == nil)
    #expect(topology.limits == ProtocolLimits())
    #expect(topology.updateNorm == nil)
    #expect(topology.normMultiple == 10)
    #expect(topology.rules.sampleLimit == nil && topology.rules.weightCap == nil)
    #expect(topology.source == Texts.least)
    #expect(topology.file == "test.yaml")
  }

  @Test func `a server optimizer has its own defaults, which its keys replace`() throws {
    let yogi = try Texts.topology(Texts.section("server", "optimizer: fedyogi", "floor: 0.01"))
    #expect(yogi.server.rule == .adaptive(AdaptiveRule(.yogi, epsilon: 0.01)))
    let momentum = try Texts.topology(Texts.section("server", "momentum: 0.9"))
    #expect(momentum.server.rule == .average(rate: 1, momentum: 0.9))
  }

  @Test func `FedNova's mean goes with any server optimizer, SCAFFOLD's steps with any momentum`()
    throws
  {
    let topology = try Texts.topology(
      Texts.section("server", "optimizer: fedadam", "averaging: fednova")
        + "training: {correction: scaffold, momentum: 0.8, nesterov: true}\n"
        + "participation: {perRound: 4, overSelect: 1.5}\n")
    #expect(topology.server.rule == .adaptive(AdaptiveRule(.adam)))
    #expect(topology.server.averaging == .fednova)
    #expect(topology.training.correction == .scaffold)
    #expect(topology.training.localSteps == LocalSteps(momentum: 0.8, nesterov: true))
    let late = try Texts.topology(
      Texts.section("server", "averaging: fednova") + "participation: {stragglers: nextRound}\n")
    #expect(late.rules.stragglers == .nextRound(maximalStaleness: 1))
  }

  @Test func `the command line can set any value, in sections that are there or not`() throws {
    let topology = try Texts.topology(
      Texts.least,
      Overrides(settings: [
        "training.batch=32", "rounds=40", "stages.rounds=[10, 10, 20]",
        "training.schedule={name: multistep, milestones: [50 %], factor: 0.2}",
        "training.batch = 16",
      ]))
    #expect(topology.training.batch == 16)
    #expect(topology.training.schedule == .multistep(milestones: [0.5], factor: 0.2))
    #expect(topology.growthSchedule.rounds == [10, 10, 20])
    #expect(topology.clients == 10)
  }

  @Test(arguments: [
    ("training.batch", "isn't KEY=VALUE"), (".batch=3", "isn't KEY=VALUE"),
    ("training.batch=", "has no value"), ("training.batch=[1", "isn't YAML"),
    ("training={batch: 3, batch: 4}", "twice"), ("training.batch=ten", "not a whole number"),
    ("training.bacth=3", "did you mean batch?"), ("training.schedule={name: cosin}", "cosine"),
    ("clients.many=3", "not a whole number"),
  ])
  func `what is wrong with a set value is told for the option`(text: String, problem: String) {
    do throws(TopologyError) {
      _ = try Texts.topology(Texts.least, Overrides(settings: [text]))
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.faults.count == 1)
      #expect("\(error)".hasPrefix("--set \(text.prefix(3))"))
      #expect("\(error)".contains(problem))
    }
  }

  @Test func `the units of hidden layers are a list, a stage for each`() throws {
    func text(_ widths: String) -> String {
      Texts.least.replacing("convnet", with: "mlp\n  widths: \(widths)")
    }
    let topology = try Texts.topology(text("[20, 30]"))
    #expect(topology.architecture.stages == 2)
    #expect(
      topology.architecture.layouts(stage: 2).dropLast().map { $0.parameters[1].shape.count }
        == [20, 30])
    for (wrong, path, words) in [
      ("20", "model.widths", "a list of widths"), ("[20, 0]", "model.widths[2]", "is 0"),
      ("[20, 1]", "model.widths", "from 2 to 16384"),
      ("[20]\n  stages: 2", "model.stages", "as many as there are widths"),
    ] {
      let faults = Texts.faults(text(wrong))
      #expect(faults.map(\.path) == [path], "\(faults.map(\.words))")
      #expect(faults.first?.words.contains(words) == true, "\(faults.map(\.words))")
    }
  }

  @Test func `every value arrives where it belongs`() throws {
    let topology = try Texts.topology(
      """
      name: all of them
      seed: 18
      clients: 1_000
      rounds: 40
      strategy: progressive
      model: {name: convnet-5x5}
      data:
        name: fashion-mnist
        partition: {dirichlet: 0.3, minimum: 5}
        augmentation: standard
        limit: {train: 6000, test: 500}
      stages: {count: 3, rounds: [10, 10, 20], warmUp: 3}
      training:
        epochs: 2
        batch: 32
        learningRate: 1e-1
        schedule: {name: multistep, milestones: [25 %, 0.5], factor: 0.2}
        momentum: 0.8
        nesterov: true
        weightDecay: 0
        clipNorm: none
        lossLimit: 20
        proximal: 0.01
      participation:
        perRound: 50
        overSelect: 1.3
        sampling: available
        weights: equal
        stragglers: nextRound
        maximalStaleness: 2
        caps: [{stage: 1, clients: 0-1}, {stage: 1, clients: 7}, {stage: 2, clients: 3}]
        quorum: 75 %
        grace: 200 ms
        deadline: 1.5 min
        minimum: 20
        joinTimeout: 1 h
        patience: 2 d
      codecs:
        up: topk1+linear4
        down: linear8
        smallTensors: 64
        downDelta: stc5
        reference: anchor
        keyframeEvery: 20
        errorFeedback: true
        blocks: {block2: linear8, head1: dense32}
        early: {rounds: 2, up: linear8, downDelta: eden2mse}
      evaluation:
        {every: 5, batch: 250, gradient: 1000, clients: 20 %, perClass: true,
         minimum: {samples: 3, clients: 4}}
      limits:
        bytesInFlight: 32 MiB
        chunk: 128 KiB
        repairWindow: 1 MB
        repairFactor: 4
        announce: 2 s
        gather: 3 s
        farewell: 4 s
        join: 5 s
        fetch: 6 s
        offer: 7 s
        heartbeat: 8 s
        silence: 90 s
        updateNorm: 50
        normMultiple: none
      """)
    #expect(topology.name == "all of them")
    #expect(topology.seed == 18)
    #expect(topology.clients == 1000)
    #expect(topology.architecture.name == "convnet-5x5")
    #expect(topology.growthSchedule == GrowthSchedule(rounds: [10, 10, 20], warmUpRounds: 3))
    #expect(topology.data.partition == .dirichlet(alpha: 0.3, minimum: 5))
    #expect(topology.data.limit.train == 6000)
    #expect(topology.data.limit.test == 500)
    var training = TrainingSection()
    training.epochs = 2
    training.batch = 32
    training.settings.learningRate = 0.1
    training.schedule = .multistep(milestones: [0.25, 0.5], factor: 0.2)
    training.settings.momentum = 0.8
    training.settings.nesterov = true
    training.settings.weightDecay = 0
    training.settings.clipNorm = nil
    training.settings.lossLimit = 20
    training.settings.proximal = 0.01
    #expect(topology.training == training)
    #expect(
      topology.rules
        == RoundRules(
          clientsPerRound: 50, overSelection: 1.3, sampling: .available, weighting: .equal,
          stragglers: .nextRound(maximalStaleness: 2), quorum: 38, grace: .milliseconds(200),
          deadline: .seconds(90),
          minimumClients: 20, joinTimeout: .seconds(3600), patience: .seconds(2 * 86_400)))
    #expect(topology.caps == [0: 1, 1: 1, 7: 1, 3: 2])
    #expect("\(topology.codecs.up.spec)" == "topk1+linear4")
    #expect("\(topology.codecs.down.spec)" == "linear8")
    #expect(topology.codecs.up.smallTensorLimit == 64)
    #expect(topology.codecs.down.smallTensorLimit == 64)
    #expect(topology.codecs.errorFeedback)
    #expect(
      topology.codecs.up.overrides.mapValues { "\($0)" } == [
        "block2": "linear8", "head1": "dense32",
      ])
    let old = topology.growthSchedule.phase(in: topology.rounds)
    let early = topology.growthSchedule.phase(in: 1)
    #expect("\(topology.codecs.up(in: old).spec)" == "topk1+linear4")
    #expect(
      topology.codecs.up(in: early)
        == UpdateCodec(try CodecSpec(parsing: "linear8"), smallTensorLimit: 64))
    let delta = try #require(topology.codecs.delta(in: old))
    #expect("\(delta.codec.spec)" == "stc5")
    #expect(delta.reference == .anchor)
    #expect(delta.keyframeEvery == 20)
    #expect(topology.codecs.delta(in: early).map { "\($0.codec.spec)" } == "eden2mse")
    #expect(topology.brokerPlan(run: 1, epoch: 1).updateCodec(in: early).description == "linear8")
    #expect(
      topology.brokerPlan(run: 1, epoch: 1).updateCodec(in: old).description == "topk1+linear4")
    #expect(topology.evaluation.every == 5)
    #expect(topology.evaluation.batch == 250)
    #expect(topology.evaluation.gradient == 1000)
    let rules = topology.brokerPlan(run: 1, epoch: 1).evaluation
    #expect(rules?.clients == .share(0.2) && rules?.every == 5 && rules?.tellsClasses == true)
    #expect(rules?.minimumSamples == 3 && rules?.minimumClients == 4)
    var limits = ProtocolLimits()
    limits.bytesInFlight = 32 << 20
    limits.chunkBytes = 128 << 10
    limits.repairWindow = 1_000_000
    limits.repairFactor = 4
    limits.announceInterval = .seconds(2)
    limits.gatherWindow = .seconds(3)
    limits.farewell = .seconds(4)
    limits.joinInterval = .seconds(5)
    limits.fetchTimeout = .seconds(6)
    limits.offerTimeout = .seconds(7)
    limits.heartbeatInterval = .seconds(8)
    limits.silence = .seconds(90)
    #expect(topology.limits == limits)
    #expect(topology.updateNorm == 50)
    #expect(topology.normMultiple == nil)
  }

  @Test func `what clients may claim is bounded by keys`() throws {
    let topology = try Texts.topology(
      Texts.least + "participation: {weightCap: 40}\nlimits: {samples: 70, normMultiple: 3}\n")
    #expect(topology.rules.weightCap == 40)
    #expect(topology.rules.sampleLimit == 70)
    #expect(topology.normMultiple == 3)
    let plan = topology.brokerPlan(run: 1, epoch: 1)
    #expect(plan.rules.sampleLimit == 70 && plan.lossLimit == topology.training.settings.lossLimit)
  }

  @Test(arguments: [
    ("iid", Partition.iid), ("byUser", .byUser), ("{shards: 2}", .shards(perClient: 2)),
    ("{dirichlet: 0.5}", .dirichlet(alpha: 0.5, minimum: 1)),
    ("{logNormal: 0}", .logNormal(sigma: 0)),
  ])
  func `each partition can be asked for`(text: String, partition: Partition) throws {
    let topology = try Texts.topology(Texts.least + "  partition: \(text)\n")
    #expect(topology.data.partition == partition)
  }

  @Test(arguments: [
    ("constant", LearningRateSchedule.constant), ("cosine", .cosine(floor: 1e-6)),
    ("{name: constant}", .constant), ("{name: cosine, floor: 0.001}", .cosine(floor: 0.001)),
    ("multistep", .multistep(milestones: [0.5, 0.75], factor: 0.1)),
    ("{name: cosineRestarts, period: 5}", .cosineRestarts(period: 5, floor: 1e-6)),
    ("constantThenCosine", .constantThenCosine(hold: 0.5, floor: 1e-6)),
    ("{name: constantThenCosine, hold: 80 %}", .constantThenCosine(hold: 0.8, floor: 1e-6)),
  ])
  func `each schedule of the learning rate can be asked for`(
    text: String, schedule: LearningRateSchedule
  ) throws {
    let topology = try Texts.topology(Texts.section("training", "schedule: \(text)"))
    #expect(topology.training.schedule == schedule)
    let phase = topology.growthSchedule.phase(in: 12)
    let rate = schedule.rate(base: 0.05, round: phase.learningRateRound, of: 10)
    #expect(topology.learningRate(in: phase) == rate)
  }

  @Test(arguments: [
    (0, [12]), (1, Array(1...12)), (5, [5, 10, 12]), (12, [12]), (100, [12]),
  ])
  func `the last round is always evaluated`(every: Int, rounds: [Int]) throws {
    let topology = try Texts.topology(Texts.section("evaluation", "every: \(every)"))
    #expect((1...12).filter { topology.evaluation.isDue(after: $0, of: 12) } == rounds)
    let more = try Texts.topology(Texts.section("evaluation", "every: \(every)", "last: 3"))
    #expect(
      (1...12).filter { more.evaluation.isDue(after: $0, of: 12) }
        == Set(rounds).union([10, 11, 12]).sorted())
  }

  @Test func `the trainer is told everything`() throws {
    let topology = try Texts.topology(
      Texts.section(
        "training", "momentum: 0.5", "nesterov: true", "weightDecay: 0.25", "clipNorm: 2",
        "lossLimit: 3", "proximal: 0.125"))
    let settings = topology.training.settings(learningRate: 0.75)
    #expect(settings.learningRate == 0.75)
    #expect(settings.momentum == 0.5)
    #expect(settings.nesterov)
    #expect(settings.weightDecay == 0.25)
    #expect(settings.clipNorm == 2)
    #expect(settings.lossLimit == 3)
    #expect(settings.proximal == 0.125)
    #expect(settings.optimizer == .sgd)
    let adam = try Texts.topology(
      Texts.section(
        "training", "optimizer: adam", "momentum: 0.8", "decay: 0.75", "floor: 0.5")
    ).training.settings(learningRate: 0.75)
    #expect(adam.optimizer == .adam)
    #expect(adam.momentum == 0.8)
    #expect(adam.beta2 == 0.75)
    #expect(adam.epsilon == 0.5)
  }

  @Test func `keys that have new names are read under the former ones, too`() throws {
    let (now, then) = (
      try Texts.topology(
        Texts.section("training", "optimizer: adam", "beta2: 0.75", "epsilon: 0.5")),
      try Texts.topology(Texts.section("training", "optimizer: adam", "decay: 0.75", "floor: 0.5"))
    )
    #expect(now.training.settings.beta2 == 0.75 && now.training.settings.epsilon == 0.5)
    #expect(now.training == then.training && now.planDigest == then.planDigest)
    let early = try ["early", "young"].map {
      try Texts.topology(Texts.section("codecs", "\($0): {rounds: 2, up: eden2}"))
    }
    #expect(early[0].codecs.early?.rounds == 2 && early[0].codecs.early?.up?.description == "eden2")
    #expect(early[0].codecs == early[1].codecs && early[0].planDigest == early[1].planDigest)
    let server = ["beta2: 0.9", "epsilon: 0.01"], former = ["decay: 0.9", "floor: 0.01"]
    let rules = try [server, former].map {
      try Texts.topology(Texts.section("server", "optimizer: fedadam", $0[0], $0[1])).server.rule
    }
    let rule = ServerRule.adaptive(AdaptiveRule(.adam, beta2: 0.9, epsilon: 0.01))
    #expect(rules == [rule, rule])
  }

  @Test func `the broker is told everything`() throws {
    let topology = try Texts.topology(
      Texts.with("seed: 9", "codecs: {up: linear8}", "participation: {perRound: 3}"))
    let plan = topology.brokerPlan(run: 77, epoch: 2)
    #expect(plan.run == 77)
    #expect(plan.epoch == 2)
    #expect(plan.seed == 9)
    #expect(plan.digest == topology.planDigest)
    #expect(plan.clients == 10)
    #expect(plan.schedule == topology.growthSchedule)
    #expect(plan.updateCodec.description == "linear8")
    #expect(plan.rules.clientsPerRound == 3)
    #expect(plan.limits == topology.limits)
    for round in 1...12 {
      let phase = plan.schedule.phase(in: round)
      #expect(plan.learningRate(in: phase) == topology.learningRate(in: phase))
    }
  }
}
