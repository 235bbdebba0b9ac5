import Measures
import Models
import Neural
import Tensors
import Testing

@Suite struct `A sub-model with all heads` {
  @Test func `has blocks, then heads, whose values are those that each stage has`() throws {
    let architecture = try Zoo.architecture(named: "convnet-cifar")
    #expect(architecture.supportsAllHeads)
    let random = RandomStream(seed: 3)
    for stage in 1...4 {
      let layouts = architecture.layouts(stage: stage, supervision: .all)
      #expect(
        layouts.map(\.name)
          == (1...stage).map { "block\($0)" } + (1...stage).map { "head\($0)" })
      #expect(
        layouts.suffix(stage)
          == (1...stage).compactMap { architecture.layouts(stage: $0).last }[...])
      let count = architecture.parameterCount(stage: stage, supervision: .all)
      #expect(count == layouts.reduce(0) { $0 + $1.count })
      let values = architecture.initialize(stage: stage, supervision: .all, random: random)
      let newest = architecture.initialize(stage: stage, random: random)
      #expect(values.prefix(stage) + values.suffix(1) == newest[...])
      for segment in values.indices {
        #expect(
          architecture.initialize(
            segment: segment, stage: stage, supervision: .all, random: random) == values[segment])
      }
    }
  }

  @Test func `costs what its heads cost more`() throws {
    let architecture = try Zoo.architecture(named: "convnet-cifar")
    let newest = architecture.trainingFLOPs(stage: 3)
    // Two more affine maps to 10 classes, whose weights and inputs have gradients.
    #expect(
      architecture.trainingFLOPs(stage: 3, supervision: .all)
        == newest + 3 * 2 * 10 * (32 + 64))
    #expect(
      architecture.trainingFLOPs(stage: 1, supervision: .all)
        == architecture.trainingFLOPs(stage: 1))
    // The first head and its block are frozen: it is only computed.
    #expect(
      architecture.trainingFLOPs(stage: 2, trainable: [1, 3], supervision: .all)
        == architecture.trainingFLOPs(stage: 2, trainable: [1, 2]) + 2 * 10 * 32)
  }

  @Test func `is to be had of every chain, and of no U-Net`() async throws {
    for entry in Zoo.entries {
      let architecture = try Zoo.architecture(named: entry.name)
      #expect(architecture.supportsAllHeads == (entry.name != "unet"))
    }
    await #expect(processExitsWith: .failure) {
      _ = try Zoo.architecture(named: "unet").network(stage: 2, supervision: .all)
    }
  }
}
