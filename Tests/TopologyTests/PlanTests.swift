import Bytes
import Codecs
import Foundation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// The output of `progfed plan`.
@Suite struct PlanTests {
  private static let unet = """
    clients: 4
    rounds: 12
    model: {name: unet, width: 8, order: bottom-first}
    data:
      name: synthetic
      synthetic: {shape: [2, 32, 32], classes: 3, train: 40, test: 8, masks: true}
    strategy: progressive
    codecs: {up: topk5+linear4, down: linear8, downDelta: stc5, blocks: {block2: eden1}}
    training: {optimizer: adam}

    """

  private static let topologies = [
    Texts.least, unet, Texts.with("strategy: end-to-end"), Texts.with("strategy: mixed"),
    Texts.with("strategy: layerwise", "codecs: {up: linear8+random25}"),
    Texts.with("stages: {rounds: [2, 4, 6], warmUp: 1}", "codecs: {young: {up: eden2}}"),
    Texts.least.replacing("convnet", with: "resnet18"),
    Texts.least.replacing("convnet", with: "vgg11-bn\n  width: 8")
      .replacing("name: fashion-mnist", with: "name: cifar10"),
  ]

  @Test(arguments: topologies)
  func `the text is the plan's, and the digest is the text's`(text: String) throws {
    let topology = try Texts.topology(text)
    let plan = PlanDescription(topology)
    #expect(plan.text == topology.plan)
    #expect(plan.digest == Digest(of: Data(plan.text.utf8)).hex)
    #expect(plan.digest == topology.planDigest.hex)
    let report = plan.report()
    #expect(report.contains(plan.digest))
    for line in plan.text.split(separator: "\n") { #expect(report.contains(line)) }
  }

  @Test(arguments: topologies)
  func `tensors come in the order of the bytes, and stages list their segments`(
    text: String
  ) throws {
    let topology = try Texts.topology(text)
    let plan = PlanDescription(topology)
    let schedule = topology.growthSchedule
    var first = 1
    for stage in plan.stages {
      defer { first += stage.rounds }
      // End to end the last stage has all rounds.
      guard stage.rounds > 0 else {
        #expect(stage.segments.isEmpty && stage.trained.isEmpty && stage.maximalUpdateBytes == 0)
        continue
      }
      let phase = schedule.phase(in: first + stage.rounds - 1)
      let layouts = topology.layouts(stage: phase.stage)
      #expect(stage.segments == layouts.map(\.name))
      #expect(stage.trained == phase.trainedSegments(depth: phase.stage).map(\.description))
      for layout in layouts {
        let segment = try #require(plan.segments.first { $0.name == layout.name })
        #expect(segment.parameters == layout.count)
        #expect(
          segment.tensors.map {
            Parameter($0.name, Shape($0.shape), role: .init(rawValue: $0.role)!)
          }
            == layout.parameters)
      }
    }
    #expect(Set(plan.segments.map(\.name)).count == plan.segments.count)
    #expect(plan.segments.count == 2 * topology.architecture.stages)
  }

  @Test(arguments: topologies)
  func `no update is longer than it says, and exact sizes are exact`(text: String) throws {
    let topology = try Texts.topology(text)
    let plan = PlanDescription(topology)
    var stream = RandomStream(seed: 3)
    for stage in plan.stages {
      var longest = 0
      for layout in topology.layouts(
        stage: topology.strategy.grows ? stage.stage : topology.architecture.stages)
      where stage.trained.contains(layout.name) {
        let segment = try #require(plan.segments.first { $0.name == layout.name })
        // The largest networks would take long.
        guard layout.count < 200_000 else {
          longest += 4 + segment.update.maximalBytes
          continue
        }
        let values = ParameterVector(
          layout: layout, scalars: (0..<layout.count).map { _ in Float(stream.uniform()) })
        let encoded = try topology.codecs.up.encode(values, key: stream.next())
        #expect(encoded.count <= segment.update.maximalBytes)
        if let exact = segment.update.bytes { #expect(encoded.count == exact) }
        longest += 4 + encoded.count
      }
      #expect(longest <= stage.maximalUpdateBytes)
    }
  }

  @Test func `hyperparameters, codecs and normalization are there`() throws {
    let plan = PlanDescription(try Texts.topology(Self.unet))
    #expect(plan.training.settings.optimizer == .adam && plan.training.settings.clipNorm == 1)
    let (up, delta, eden) = (
      try CodecSpec(parsing: "topk5+linear4"), try CodecSpec(parsing: "stc5"),
      try CodecSpec(parsing: "eden1")
    )
    #expect(plan.codecs.up == up && plan.codecs.downDelta == delta)
    #expect(plan.codecs.blocks == ["block2": eden])
    #expect(plan.data.means == [0.5, 0.5] && plan.data.deviations == [0.25, 0.25])
    #expect(plan.data.segmentation && plan.model.order == "bottom-first")
    #expect(plan.model.objective == "pixels cross-entropy+dice")
    let blocks = Dictionary(uniqueKeysWithValues: plan.segments.map { ($0.name, $0) })
    #expect(blocks["block2"]?.update.codec == eden && blocks["block2"]?.update.bytes != nil)
    #expect(blocks["block1"]?.update.codec == up)
    #expect(blocks["block1"]?.update.bytes == nil && blocks["block1"]?.delta?.codec == delta)
    let simple = PlanDescription(try Texts.topology(Texts.least))
    #expect(simple.segments[0].delta == nil)
    #expect(simple.data.means == [0.286] && simple.data.deviations == [0.353])
  }

  @Test func `programs read the hyperparameters and codecs under the names that they had first`()
    throws
  {
    func json(_ text: String) throws -> (training: NSDictionary, codecs: NSDictionary) {
      let data = try JSONEncoder().encode(PlanDescription(try Texts.topology(text)))
      let plan = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      return (
        try #require(plan["training"] as? NSDictionary),
        try #require(plan["codecs"] as? NSDictionary)
      )
    }
    let sections = [
      "training: {optimizer: adam, beta2: 0.5, schedule: cosine, clipNorm: none}",
      "codecs: {up: topk1+sign, downDelta: stc5, blocks: {block1: eden1}, early: {up: eden2}}",
    ]
    let adam = try json(Texts.with(sections[0], sections[1]))
    #expect(
      adam.training == [
        "epochs": 1, "batch": 20, "learningRate": 0.05, "schedule": "cosine 1e-06",
        "optimizer": "adam", "momentum": 0.9, "nesterov": false, "decay": 0.5, "floor": 1e-8,
        "weightDecay": 1e-4, "lossLimit": 10.0, "proximal": 0.0, "correction": "none",
      ] as NSDictionary)
    #expect(adam.codecs["up"] as? String == "stc1" && adam.codecs["downDelta"] as? String == "stc5")
    #expect(adam.codecs["blocks"] as? NSDictionary == ["block1": "eden1"])
    #expect(adam.codecs["young"] as? NSDictionary == ["rounds": 3, "up": "eden2"])
    let sgd = try json(Texts.least).training
    #expect(sgd["decay"] == nil && sgd["floor"] == nil && sgd["clipNorm"] as? Double == 1)
  }
}
