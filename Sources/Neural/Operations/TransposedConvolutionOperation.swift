import CNeuralKernels
import OneDNN
import Tensors

/// A transposed convolution: the backward pass of a convolution from `[O, H', W']` to `[I, H, W]`,
/// used forward.
///
/// So its own passes are those of that convolution with their parts exchanged, and its weights `[I,
/// O, k, k]` lie as PyTorch has them. Only the bias is added by a kernel of ours.
struct TransposedConvolutionOperation: Operation {
  let layer: TransposedConvolutionLayer
  let input: Shape
  let output: Shape

  init(_ layer: TransposedConvolutionLayer, input: Shape) throws(NetworkError) {
    guard input.dimensions.count == 3 else { throw .wrongRank(layer: layer.name, input: input) }
    let extents = input.dimensions.dropFirst().map {
      ($0 - 1) * layer.stride - 2 * layer.padding + layer.window
    }
    guard extents.allSatisfy({ $0 > 0 }) else {
      throw .nothingLeft(layer: layer.name, input: input)
    }
    self.layer = layer
    self.input = input
    output = Shape([layer.outputs] + extents)
  }

  private var weightsShape: Shape {
    [input.dimensions[0], layer.outputs, layer.window, layer.window]
  }

  var parameters: [Parameter] {
    let weight = Parameter("\(layer.name).weight", weightsShape, role: .weight)
    guard layer.bias else { return [weight] }
    return [weight, Parameter("\(layer.name).bias", [layer.outputs], role: .bias)]
  }

  var forwardFLOPs: Int {
    2 * weightsShape.count * input.dimensions[1] * input.dimensions[2]
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let (hint, spread) = try chooseForward(node, with: compiler)
    let source = try compiler.input(of: node, as: spread.destinationGradient)
    let weights = try compiler.parameter(0, of: node, as: spread.weights)
    let result = compiler.makeOutput(of: node, as: spread.sourceGradient)
    compiler.add(
      spread, to: .forward, of: node,
      [(.destinationGradient, source), (.weights, weights), (.sourceGradient, result)])
    guard let layout = result.descriptor.kernelLayout else {
      preconditionFailure("an output that isn't in blocks of channels")
    }
    var bias: TensorPlan?
    if layer.bias {
      let plan = try compiler.parameter(1, of: node, as: .plain([layer.outputs]))
      compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
        AddBiasAction(
          layout: layout, bias: binding.region(plan), values: binding.region(result))
      }
      bias = plan
    }
    guard compiler.isActive(node) else { return }
    let gradient = compiler.outputGradient(of: node)
    if compiler.isTrained(node) {
      try compileBackwardWeights(
        node, with: compiler, source: source, gradient: gradient, hint: hint)
      if let bias {
        let target = try compiler.parameterGradient(1, of: node, as: bias.descriptor)
        compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
          BiasGradientAction(
            layout: layout, gradient: binding.region(gradient), bias: binding.region(target))
        }
      }
    }
    if compiler.needsGradient(of: node) {
      try compileBackwardData(node, with: compiler, source: source, gradient: gradient)
    }
  }

  private var pass: Convolution {
    Convolution(
      strides: [layer.stride, layer.stride], padding: [layer.padding, layer.padding])
  }

  /// The convolution that is turned round, and its backward pass to its input, which is the forward
  /// pass here.
  ///
  /// Blocks of channels stay, unless oneDNN has only its reference code for them or would leave
  /// blocks.
  private func chooseForward(
    _ node: Graph.Node, with compiler: Compiler
  ) throws(DNNLError) -> (hint: PrimitiveDescriptor, spread: PrimitiveDescriptor) {
    let made = compiler.value(node.inputs[0]).descriptor
    let dimensions = [compiler.batch] + output.dimensions
    func described(
      from source: MemoryDescriptor, to destination: MemoryDescriptor
    ) throws(DNNLError) -> (hint: PrimitiveDescriptor, spread: PrimitiveDescriptor) {
      let hint = try pass.forward(
        source: destination, weights: .any(weightsShape.dimensions), bias: nil,
        destination: source, relu: false, training: true, on: compiler.engine)
      let spread = try pass.backwardData(
        sourceGradient: destination, weights: .any(weightsShape.dimensions),
        destinationGradient: source, hint: hint)
      return (hint, spread)
    }
    if let layout = made.kernelLayout, layout.lanes > 1,
      let blocked = try? described(
        from: made, to: .blocked(dimensions, lanes: Int(layout.lanes))),
      !blocked.spread.isReference
    {
      return blocked
    }
    return try described(from: .plain(made.dimensions), to: .plain(dimensions))
  }

  private func compileBackwardWeights(
    _ node: Graph.Node, with compiler: Compiler, source: TensorPlan, gradient: TensorPlan,
    hint: PrimitiveDescriptor
  ) throws(DNNLError) {
    let direct = try backwardWeights(gradient.descriptor, source.descriptor, hint: hint)
    let plain = try backwardWeights(
      .plain(gradient.descriptor.dimensions), .plain(source.descriptor.dimensions), hint: hint)
    let backward = direct.isReference && !plain.isReference ? plain : direct
    let below = try compiler.copy(
      source, as: backward.destinationGradient, in: .backward, of: node)
    let above = try compiler.copy(gradient, as: backward.source, in: .backward, of: node)
    let target = try compiler.parameterGradient(0, of: node, as: backward.weightsGradient)
    compiler.add(
      backward, to: .backward, of: node,
      [(.source, above), (.destinationGradient, below), (.weightsGradient, target)])
  }

  private func backwardWeights(
    _ gradient: MemoryDescriptor, _ source: MemoryDescriptor, hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    try pass.backwardWeights(
      source: gradient, weightsGradient: .any(weightsShape.dimensions), biasGradient: nil,
      destinationGradient: source, hint: hint)
  }

  private func compileBackwardData(
    _ node: Graph.Node, with compiler: Compiler, source: TensorPlan, gradient: TensorPlan
  ) throws(DNNLError) {
    func gathered(
      _ gradient: MemoryDescriptor, _ source: MemoryDescriptor
    ) throws(DNNLError) -> PrimitiveDescriptor {
      try pass.forward(
        source: gradient, weights: .any(weightsShape.dimensions), bias: nil, destination: source,
        relu: false, training: true, on: compiler.engine)
    }
    let direct = try gathered(gradient.descriptor, source.descriptor)
    let plain = try gathered(
      .plain(gradient.descriptor.dimensions), .plain(source.descriptor.dimensions))
    let gather = direct.isReference && !plain.isReference ? plain : direct
    let above = try compiler.copy(gradient, as: gather.source, in: .backward, of: node)
    compiler.add(
      gather, to: .backward, of: node,
      [
        (.source, above),
        (.weights, try compiler.parameter(0, of: node, as: gather.weights, in: .backward)),
        (.destination, try compiler.inputGradient(of: node, as: gather.destination)),
      ])
  }
}

/// y[n, c, ·] ← y[n, c, ·] + b[c].
private struct AddBiasAction: Action {
  let layout: neural_layout
  let bias: Region
  let values: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    unsafe neural_add_bias(layout, bias.floats.baseAddress, values.floats.baseAddress)
  }
}

/// db[c] ← the sum of dy[n, c, ·].
private struct BiasGradientAction: Action {
  let layout: neural_layout
  let gradient: Region
  let bias: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    unsafe neural_bias_gradient(layout, gradient.floats.baseAddress, bias.floats.baseAddress)
  }
}
