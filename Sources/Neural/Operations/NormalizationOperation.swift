import CNeuralKernels
import OneDNN
import Tensors

/// A group normalization, with or without an addition and a ReLU behind it.
///
/// The second input, where there is one, is added before the ReLU.
struct NormalizationOperation: Operation {
  let layer: NormalizationLayer
  let output: Shape
  var adds = false
  var relu = false

  init(_ layer: NormalizationLayer, input: Shape) throws(NetworkError) {
    guard let channels = input.dimensions.first else {
      throw .wrongRank(layer: layer.name, input: input)
    }
    switch layer.kind {
    case .group(let groups):
      guard channels % groups == 0 else {
        throw .unequalGroups(layer: layer.name, groups: groups, input: input)
      }
    }
    self.layer = layer
    output = input
  }

  var parameters: [Parameter] {
    let channels = Shape([output.dimensions[0]])
    return [
      Parameter("\(layer.name).weight", channels, role: .scale),
      Parameter("\(layer.name).bias", channels, role: .scale),
    ]
  }

  var followedByReLU: (any Operation)? {
    guard !relu else { return self }
    var fused = self
    fused.relu = true
    return fused
  }

  var followedByAddition: (any Operation)? {
    guard !relu, !adds else { return nil }
    var fused = self
    fused.adds = true
    return fused
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let (source, layout) = try compiler.channelBlocked(of: node)
    switch layer.kind {
    case .group(let groups):
      let shape = neural_group_norm(
        layout: layout, groups: Int64(groups), epsilon: layer.epsilon, relu: relu)
      try compileGroups(shape, node, with: compiler, source)
    }
  }

  private func compileGroups(
    _ shape: neural_group_norm, _ node: Graph.Node, with compiler: Compiler, _ source: TensorPlan
  ) throws(DNNLError) {
    var copy = shape
    // SAFETY: the shape is a local copy.
    let scratchBytes = unsafe Int(neural_group_norm_scratch(&copy))
    let result = compiler.makeOutput(of: node, as: source.descriptor)
    let addend = adds ? try compiler.input(1, of: node, as: source.descriptor) : nil
    let channels = try MemoryDescriptor.plain([output.dimensions[0]])
    let scale = try compiler.parameter(0, of: node, as: channels)
    let shift = try compiler.parameter(1, of: node, as: channels)
    let statistics = compiler.keepsake(Int(shape.layout.samples * shape.groups) * 8, of: node)
    let scratch = compiler.scratch(scratchBytes, in: .forward, of: node)
    compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
      GroupNormAction(
        shape: shape, input: binding.region(source), addend: addend.map(binding.region),
        scale: binding.region(scale), shift: binding.region(shift),
        output: binding.region(result), statistics: binding.bytes(statistics),
        scratch: binding.bytes(scratch))
    }
    guard compiler.isActive(node) else { return }

    if adds { try compiler.passGradient(to: 1, of: node) }
    let gradient = compiler.outputGradient(of: node)
    let share =
      compiler.needsGradient(of: node)
      ? try compiler.inputGradient(of: node, as: source.descriptor) : nil
    let trained = compiler.isTrained(node)
    let scaleGradient = trained ? try compiler.parameterGradient(0, of: node, as: channels) : nil
    let shiftGradient = trained ? try compiler.parameterGradient(1, of: node, as: channels) : nil
    let backwardScratch = compiler.scratch(scratchBytes, in: .backward, of: node)
    compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
      GroupNormBackwardAction(
        shape: shape, input: binding.region(source), output: binding.region(result),
        scale: binding.region(scale), statistics: binding.bytes(statistics),
        outputGradient: binding.region(gradient), inputGradient: share.map(binding.region),
        scaleGradient: scaleGradient.map(binding.region),
        shiftGradient: shiftGradient.map(binding.region),
        scratch: binding.bytes(backwardScratch))
    }
  }
}
