import Models
import Neural
import Tensors
import Testing

@Suite struct `A U-Net` {
  private func unet(
    _ order: Nesting, stages: Int? = nil, levels: Int? = nil, width: Int = 4
  ) throws -> Architecture {
    var options = ModelOptions()
    (options.order, options.stages, options.levels) = (order, stages, levels)
    options.width = width
    return try Zoo.architecture(
      named: "unet", input: [2, 32, 16], classes: 3, options: options)
  }

  /// What a U-Net of `levels` levels has by the usual formula.
  private func count(levels: Int, width: Int, channels: Int, classes: Int) -> Int {
    func pair(_ inputs: Int, _ outputs: Int) -> Int {
      9 * inputs * outputs + 9 * outputs * outputs + 4 * outputs
    }
    var sum = pair(channels, width) + width * classes + classes
    for level in 1..<levels {
      let (outer, inner) = (width << (level - 1), width << level)
      sum += pair(outer, inner) + 4 * inner * outer + outer + pair(2 * outer, outer)
    }
    return sum
  }

  @Test(arguments: [(4, 5), (3, 4), (2, 4), (4, 4), (1, 3)])
  func `that grows inwards is a U-Net of fewer levels in each stage`(
    stages: Int, levels: Int
  ) throws {
    let architecture = try unet(.outermostFirst, stages: stages, levels: levels)
    #expect(architecture.stages == stages)
    for stage in 1...stages {
      #expect(
        architecture.parameterCount(stage: stage)
          == count(levels: levels - stages + stage, width: 4, channels: 2, classes: 3))
    }
  }

  @Test(arguments: [(4, 5), (3, 3), (2, 4)])
  func `ends with the same tensors in both orders`(stages: Int, levels: Int) throws {
    func tensors(_ order: Nesting) throws -> Set<String> {
      let layouts = try unet(order, stages: stages, levels: levels).layouts(stage: stages)
      return Set(layouts.flatMap { $0.parameters.map { "\($0.name) \($0.shape)" } })
    }
    #expect(try tensors(.outermostFirst) == tensors(.bottomFirst))
  }

  @Test(arguments: Nesting.allCases)
  func `keeps its blocks' tensors and makes full masks in each stage`(order: Nesting) throws {
    let architecture = try unet(order, stages: 4, levels: 5)
    let full = architecture.layouts(stage: 4)
    for stage in 1...4 {
      #expect(Array(architecture.layouts(stage: stage).dropLast()) == Array(full.prefix(stage)))
      #expect(architecture.network(stage: stage).labelsPerSample == 32 * 16)
      guard stage > 1 else { continue }
      #expect(architecture.forwardFLOPs(stage: stage) > architecture.forwardFLOPs(stage: stage - 1))
    }
  }

  @Test func `has one level less than stages and bridge unless told otherwise`() throws {
    #expect(try unet(.outermostFirst).stages == 4)
    #expect(try unet(.outermostFirst, levels: 3).stages == 2)
    let four = try unet(.outermostFirst, stages: 4)
    #expect(four.parameterCount(stage: 4) == count(levels: 5, width: 4, channels: 2, classes: 3))
  }

  @Test func `says which option or image doesn't fit`() throws {
    #expect(
      throws: ModelError.unsupportedOption(
        name: "unet", option: "stages", value: "5", supported: ["1 to 4"])
    ) { try unet(.outermostFirst, stages: 5, levels: 4) }
    #expect(throws: ModelError.self) { try unet(.outermostFirst, levels: 9) }
    #expect(throws: ModelError.self) { try unet(.outermostFirst, width: 0) }
    let error = #expect(throws: ModelError.self) {
      try Zoo.architecture(named: "unet", input: [1, 20, 24], classes: 2)
    }
    #expect(error?.description.contains("multiples of that power of 2") == true)
    var options = ModelOptions()
    options.stem = .cifar
    #expect(throws: ModelError.self) { try Zoo.architecture(named: "unet", options: options) }
  }
}
