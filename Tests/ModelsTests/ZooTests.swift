import Measures
import Models
import Neural
import Tensors
import Testing

@Suite struct `The zoo` {
  @Test(
    arguments: [
      ("convnet", [650, 19_466, 1_199_882]),
      ("convnet-cifar", [1_226, 20_042, 56_970, 122_570]),
      ("convnet-5x5", [1_162, 52_746, 1_663_370]),
    ])
  func `has models of the sizes that their papers give`(name: String, counts: [Int]) throws {
    let architecture = try Zoo.architecture(named: name)
    #expect(architecture.stages == counts.count)
    #expect((1...counts.count).map { architecture.parameterCount(stage: $0) } == counts)
  }

  @Test func `keeps each block when a model grows`() throws {
    for entry in Zoo.entries {
      let architecture = try Zoo.architecture(named: entry.name)
      let full = architecture.layouts(stage: architecture.stages)
      for stage in 1...architecture.stages {
        let layouts = architecture.layouts(stage: stage)
        #expect(layouts.count == stage + 1)
        #expect(Array(layouts.dropLast()) == Array(full.prefix(stage)))
        #expect(layouts.last?.name == "head\(stage)")
      }
    }
  }

  @Test func `names what it has when asked for something else`() {
    let error = #expect(throws: ModelError.self) { try Zoo.architecture(named: "covnet") }
    #expect(error?.description.contains("convnet, convnet-cifar, convnet-5x5") == true)
  }

  @Test func `refuses an input that a stage can't take, and one class`() {
    let error = #expect(throws: ModelError.self) {
      try Zoo.architecture(named: "convnet", input: [1, 5, 3])
    }
    #expect(error?.description.contains("stage 2") == true)
    #expect(throws: ModelError.tooFewClasses(name: "convnet", classes: 1)) {
      try Zoo.architecture(named: "convnet", classes: 1)
    }
  }

  @Test func `costs more with each stage and less when blocks are frozen`() throws {
    let architecture = try Zoo.architecture(named: "convnet")
    #expect(architecture.forwardFLOPs(stage: 1) == 2 * 9 * 32 * 26 * 26 + 2 * 32 * 10)
    for stage in 2...3 {
      let all = architecture.trainingFLOPs(stage: stage)
      #expect(all > architecture.trainingFLOPs(stage: stage - 1))
      #expect(architecture.trainingFLOPs(stage: stage, trainable: [stage - 1, stage]) < all)
    }
  }
}
