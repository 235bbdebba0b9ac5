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
      ("resnet18", [156_324, 688_292, 2_800_804, 11_220_132]),
      ("vgg16", [261_450, 1_738_058, 7_640_394, 33_638_218]),
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

  @Test(arguments: [2, 3, 4, 5, 8])
  func `cuts a residual network into as many stages as asked for`(stages: Int) throws {
    for name in ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"] {
      var options = ModelOptions()
      options.stages = stages
      let cut = try Zoo.architecture(named: name, options: options)
      #expect(cut.stages == stages)
      let whole = try Zoo.architecture(named: name)
      // However it is cut, the full model has the same parameters in the same order.
      let names = [whole, cut].map { architecture in
        architecture.layouts(stage: architecture.stages).flatMap(\.parameters)
      }
      #expect(names[0] == names[1])
      #expect(cut.forwardFLOPs(stage: stages) == whole.forwardFLOPs(stage: 4))
    }
  }

  @Test func `has the parameters that torchvision's ResNet-50 and VGG-19 have`() throws {
    var options = ModelOptions()
    options.stem = .imagenet
    let resNet = try Zoo.architecture(
      named: "resnet50", input: [3, 64, 64], classes: 1000, options: options)
    #expect(resNet.parameterCount(stage: 4) == 25_557_032)
    let first = resNet.layouts(stage: 1)[0].parameters.map(\.name)
    #expect(
      first.prefix(5) == [
        "conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer1.0.bn1.weight",
      ])
    #expect(first.contains("layer1.0.downsample.1.bias"))
    let vgg = try Zoo.architecture(named: "vgg19-bn")
    let convolutions = vgg.layouts(stage: 4).dropLast().reduce(0) { $0 + $1.count }
    // torchvision's vgg19_bn.features: 20,035,392 parameters and two buffers for each of 5,504
    // channels.
    #expect(convolutions == 20_035_392 + 2 * 5_504)
    let names = vgg.layouts(stage: 4).flatMap(\.parameters).map(\.name)
    #expect(names.contains("features.50.running_var"))
    #expect(names.last == "classifier.6.bias")
  }

  @Test func `refuses an option that a model doesn't have, and values that it can't take`() throws {
    func refusal(_ name: String, _ choose: (inout ModelOptions) -> Void) -> String? {
      var options = ModelOptions()
      choose(&options)
      let error = #expect(throws: ModelError.self) {
        try Zoo.architecture(named: name, options: options)
      }
      return error?.description
    }
    #expect(refusal("convnet") { $0.stem = .cifar }?.contains("no option stem") == true)
    #expect(refusal("convnet") { $0.stages = 4 }?.contains("choose 3") == true)
    #expect(refusal("vgg11") { $0.stages = 3 }?.contains("choose 4") == true)
    #expect(refusal("resnet18") { $0.stages = 6 }?.contains("choose 2, 3, 4, 5, 8") == true)
    #expect(refusal("resnet18") { $0.width = 7 }?.contains("a multiple of 2") == true)
    #expect(refusal("resnet18") { $0.widths = [7] }?.contains("no option widths") == true)
    #expect(refusal("mlp") { $0.width = 7 }?.contains("no option width;") == true)
    for widths in [[], [64, 1], [64, 16_385], Array(repeating: 8, count: 65)] {
      let words = refusal("mlp") { $0.widths = widths }
      #expect(words?.contains("1 to 64 numbers from 2 to 16384") == true)
    }
    #expect(refusal("mlp") { ($0.stages, $0.widths) = (3, [8, 8]) }?.contains("choose 2") == true)
    #expect(refusal("mlp") { $0.stages = 65 }?.contains("choose 1 to 64") == true)
  }

  @Test(arguments: [[13], [1, 28, 28], [3, 5, 7], [6, 1, 1]])
  func `reads an input of any shape as a vector, a hidden layer a stage`(input: [Int]) throws {
    var options = ModelOptions()
    options.widths = [20, 33, 7]
    let network = try Zoo.architecture(
      named: "mlp", input: Shape(input), classes: 5, options: options)
    let extents = [input.reduce(1, *), 20, 33, 7]
    #expect(network.stages == 3)
    for stage in 1...3 {
      // Weights, then biases and the norm's scales and shifts; the head at last.
      let blocks = (1...stage).map { extents[$0] * (extents[$0 - 1] + 3) }
      let maps = (1...stage).reduce(5 * extents[stage]) { $0 + extents[$1] * extents[$1 - 1] }
      #expect(network.layouts(stage: stage).map(\.count) == blocks + [5 * (extents[stage] + 1)])
      #expect(network.forwardFLOPs(stage: stage) == 2 * maps)
      // The samples themselves need no gradient.
      #expect(
        network.trainingFLOPs(stage: stage) == 6 * maps - 2 * extents[0] * extents[1])
    }
    let names = network.layouts(stage: 2)[1].parameters.map(\.name)
    #expect(names == ["fc2.weight", "fc2.bias", "norm2.weight", "norm2.bias"])
  }

  @Test func `has three hidden layers of 64 units for vectors, or as many as stages`() throws {
    func widths(_ stages: Int?) throws -> [Int] {
      var options = ModelOptions()
      options.stages = stages
      let network = try Zoo.architecture(named: "mlp", input: [9], classes: 4, options: options)
      return network.layouts(stage: network.stages).dropLast().map {
        $0.parameters[1].shape.count
      }
    }
    #expect(try widths(nil) == [64, 64, 64])
    #expect(try widths(5) == [64, 64, 64, 64, 64])
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
