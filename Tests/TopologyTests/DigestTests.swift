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

/// The values that broker and clients must agree on, and those that they needn't.
struct DigestTests {
  @Test(arguments: [
    "seed: 5", "name: another", "participation: {perRound: 3, deadline: 9 s}",
    "evaluation: {every: 7, gradient: 50, clients: 20 %}",
    "evaluation: {minimum: {clients: 3}, perClass: false}",
    "limits: {chunk: 64 kB, updateNorm: 9}", "# a comment",
    "stages: {rounds: [1, 1, 10]}", "training: {batch: 20, momentum: 0.90}",
    "strategy: progressive", "codecs: {up: dense32}", "server: {averaging: fednova}",
    "training: {correction: none}",
  ])
  func `one side's own affairs and other spellings don't change the digest`(line: String) throws {
    let digest = try Texts.topology(Texts.least).planDigest
    #expect(try Texts.topology(Texts.with(line)).planDigest == digest)
  }

  @Test func `whatever training depends on changes the digest, each in its own way`() throws {
    var texts = [
      "strategy: end-to-end", "stages: {rounds: [3, 3, 6]}", "stages: paper", "stages: {warmUp: 1}",
      "training: {epochs: 2}", "training: {batch: 21}", "training: {learningRate: 0.06}",
      "training: {schedule: cosine}", "training: {schedule: {name: cosine, floor: 0}}",
      "training: {schedule: multistep}", "training: {schedule: constantThenCosine}",
      "training: {schedule: {name: cosineRestarts, period: 3}}",
      "training: {schedule: {name: cosineRestarts, period: 4}}", "training: {momentum: 0.8}",
      "training: {optimizer: adam}", "training: {optimizer: adam, decay: 0.99}",
      "training: {optimizer: adam, floor: 1e-6}", "training: {nesterov: true}",
      "training: {weightDecay: 0}", "training: {clipNorm: 2}", "training: {clipNorm: none}",
      "training: {lossLimit: 11}", "training: {proximal: 0.1}", "training: {correction: scaffold}",
      "codecs: {up: linear8}", "codecs: {down: linear8}", "codecs: {smallTensors: 9}",
      "codecs: {downDelta: stc5}", "codecs: {downDelta: stc5, keyframeEvery: 9}",
      "codecs: {downDelta: stc5, reference: anchor}", "codecs: {errorFeedback: true}",
      "codecs: {blocks: {block1: eden1}}", "codecs: {young: {rounds: 2, up: linear8}}",
      "evaluation: {perClass: true}", "evaluation: {minimum: {samples: 2}}",

    ].map { Texts.with($0) }
    texts += [
      "iid", "byUser", "{shards: 2}", "{dirichlet: 1}", "{dirichlet: 1, minimum: 2}",
      "{logNormal: 1}",
    ].map { Texts.least + "  partition: \($0)\n" }
    texts += [
      Texts.least + "  roundSamples: 10\n",
      Texts.least + "  limit: {train: 500}\n", Texts.replacing(line: 1, by: "clients: 11"),
      Texts.replacing(line: 2, by: "rounds: 13"),
      Texts.replacing(line: 4, by: "  name: convnet-5x5"),
    ]
    let digests = try texts.map { try Texts.topology($0).planDigest.hex }
    // An IID deal is what there is without one.
    #expect(Set(digests).count == digests.count)
    #expect(try Texts.topology(Texts.least).planDigest.hex == digests[texts.count - 11])
  }

  @Test func `the plan is readable and doesn't drift unnoticed`() throws {
    let topology = try Texts.topology(Texts.least)
    #expect(
      topology.plan == """
        format: progfed plan 2
        strategy: progressive
        clients: 10
        stages.rounds: [1, 1, 10]
        stages.warmUp: 0
        model.name: convnet
        model.stages: 3
        data.name: fashion-mnist
        data.partition: iid
        data.augmentation: none
        data.limit.train: none
        training.epochs: 1
        training.batch: 20
        training.learningRate: 0.05
        training.schedule: constant
        training.optimizer: sgd
        training.momentum: 0.9
        training.nesterov: false
        training.weightDecay: 0.0001
        training.clipNorm: 1.0
        training.lossLimit: 10.0
        training.proximal: 0.0
        training.correction: none
        codecs.up: dense32
        codecs.down: dense32
        codecs.smallTensors: 1024
        codecs.initial: sent
        codecs.errorFeedback: false
        data.normalization: {mean: [0.286], deviation: [0.353]}
        model.input: 1×28×28
        model.classes: 10
        model.objective: classes
        model.1.block1: conv1.weight 32×1×3×3 weight, conv1.bias 32 bias
        model.1.head1: fc.weight 10×32 weight, fc.bias 10 bias
        model.2.block1: conv1.weight 32×1×3×3 weight, conv1.bias 32 bias
        model.2.block2: conv2.weight 64×32×3×3 weight, conv2.bias 64 bias
        model.2.head2: fc.weight 10×64 weight, fc.bias 10 bias
        model.3.block1: conv1.weight 32×1×3×3 weight, conv1.bias 32 bias
        model.3.block2: conv2.weight 64×32×3×3 weight, conv2.bias 64 bias
        model.3.block3: fc1.weight 128×9216 weight, fc1.bias 128 bias
        model.3.head3: fc.weight 10×128 weight, fc.bias 10 bias

        """)
  }

  @Test func `what a file and the command line say is told key by key, however it is written`()
    throws
  {
    func lines(_ text: String, _ overrides: Overrides = Overrides()) throws -> [Substring] {
      try Topology(parsing: text, file: "t.yaml", overrides: overrides, checksFiles: false)
        .settingLines.split(separator: "\n")
    }
    let text = """
      name: t
      clients: 4
      rounds: 6
      model: {name: convnet}
      data: {name: synthetic}
      participation: {perRound: 2, deadline: 2 min}
      """
    let first = try lines(text)
    #expect(first.contains("participation.deadline: 2 min") && first.contains("rounds: 6"))
    let layout = text.replacing(
      "participation: {perRound: 2, deadline: 2 min}",
      with: "participation: # who\n  deadline: 2 min\n  perRound: 2")
    #expect(try lines(layout) == first)
    #expect(try lines(text, Overrides(rounds: 6, settings: ["participation.perRound=2"])) == first)
    let other = try lines(text, Overrides(seed: 3, settings: ["participation.deadline=1 min"]))
    #expect(
      Set(other).symmetricDifference(first) == [
        "seed: 1", "seed: 3", "participation.deadline: 2 min", "participation.deadline: 1 min",
      ])
  }
}
