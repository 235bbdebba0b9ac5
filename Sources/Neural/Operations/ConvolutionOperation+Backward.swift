import CNeuralKernels
import OneDNN
import Tensors

extension ConvolutionOperation {
  /// Adds the backward passes that are needed, from `gradient`, that of the output before the ReLU.
  func compileBackward(
    _ node: Graph.Node, with compiler: Compiler, _ forward: ForwardTensors, gradient: TensorPlan
  ) throws(DNNLError) {
    if compiler.isTrained(node) {
      if try isFirstLayer(forward, gradient) {
        try compileFirstLayer(node, with: compiler, forward, gradient: gradient)
      } else if let shape = try smallImages(forward, gradient) {
        try compileSmallImages(shape, node, with: compiler, forward, gradient: gradient)
      } else {
        try compileBackwardWeights(node, with: compiler, forward, gradient: gradient)
      }
    }
    if compiler.needsGradient(of: node) {
      try compileBackwardData(node, with: compiler, forward, gradient: gradient)
    }
  }

  private func compileBackwardData(
    _ node: Graph.Node, with compiler: Compiler, _ forward: ForwardTensors, gradient: TensorPlan
  ) throws(DNNLError) {
    let layouts = (forward.source.descriptor, gradient.descriptor)
    let winograd = winograd(batch: compiler.batch) { pass throws(DNNLError) in
      try pass.backwardData(
        sourceGradient: layouts.0, weights: forward.weights.descriptor,
        destinationGradient: layouts.1, hint: forward.descriptor)
    }
    let backward: PrimitiveDescriptor
    if let winograd {
      backward = winograd
    } else {
      backward = try fastest(layouts) { source, destination throws(DNNLError) in
        try pass.backwardData(
          sourceGradient: source, weights: .any(weightsShape.dimensions),
          destinationGradient: destination, hint: forward.descriptor)
      }
    }
    let above = try compiler.copy(
      gradient, as: backward.destinationGradient, in: .backward, of: node)
    compiler.add(
      backward, to: .backward, of: node,
      [
        (.weights, try compiler.parameter(0, of: node, as: backward.weights, in: .backward)),
        (.destinationGradient, above),
        (.sourceGradient, try compiler.inputGradient(of: node, as: backward.sourceGradient)),
      ])
  }

  private func compileBackwardWeights(
    _ node: Graph.Node, with compiler: Compiler, _ forward: ForwardTensors, gradient: TensorPlan
  ) throws(DNNLError) {
    let layouts = (forward.source.descriptor, gradient.descriptor)
    let winograd = winograd(batch: compiler.batch) { pass throws(DNNLError) in
      try pass.backwardWeights(
        source: layouts.0, weightsGradient: forward.weights.descriptor,
        biasGradient: forward.bias?.descriptor, destinationGradient: layouts.1,
        hint: forward.descriptor)
    }
    let backward: PrimitiveDescriptor
    if let winograd {
      backward = winograd
    } else {
      backward = try fastest(layouts) { source, destination throws(DNNLError) in
        try pass.backwardWeights(
          source: source, weightsGradient: .any(weightsShape.dimensions),
          biasGradient: forward.bias?.descriptor, destinationGradient: destination,
          hint: forward.descriptor)
      }
    }
    let source = try compiler.copy(forward.source, as: backward.source, in: .backward, of: node)
    let above = try compiler.copy(
      gradient, as: backward.destinationGradient, in: .backward, of: node)
    let target = try compiler.parameterGradient(0, of: node, as: backward.weightsGradient)
    var tensors: [(Argument, TensorPlan)] = [
      (.source, source), (.destinationGradient, above), (.weightsGradient, target),
    ]
    if let bias = forward.bias {
      let target = try compiler.parameterGradient(1, of: node, as: bias.descriptor)
      tensors.append((.biasGradient, target))
    }
    compiler.add(backward, to: .backward, of: node, tensors)
  }

  /// The primitive that `describe` makes of the layouts as they are or, if oneDNN has only its
  /// reference code for them (channels that fill no block), of row-major ones, where matrix
  /// products help out.
  private func fastest(
    _ layouts: (source: MemoryDescriptor, destination: MemoryDescriptor),
    _ describe: (MemoryDescriptor, MemoryDescriptor) throws(DNNLError) -> PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    let direct = try describe(layouts.source, layouts.destination)
    guard direct.isReference else { return direct }
    let plain = try describe(
      .plain(layouts.source.dimensions), .plain(layouts.destination.dimensions))
    return plain.isReference ? direct : plain
  }

  // MARK: First layers

  private func compileFirstLayer(
    _ node: Graph.Node, with compiler: Compiler, _ forward: ForwardTensors, gradient: TensorPlan
  ) throws(DNNLError) {
    let size = input.dimensions
    let shape = neural_first_layer(
      samples: Int64(compiler.batch), channels: Int64(size[0]), rows: Int64(size[1]),
      columns: Int64(size[2]), outputs: Int64(layer.outputs), window: Int64(layer.window),
      padding: Int64(layer.padding))
    let weights = try compiler.parameterGradient(0, of: node, as: forward.weights.descriptor)
    var bias: TensorPlan?
    if let plan = forward.bias {
      bias = try compiler.parameterGradient(1, of: node, as: plan.descriptor)
    }
    compiler.add(to: .backward, of: node) { [bias] binding throws(DNNLError) in
      FirstLayerWeightsAction(
        shape: shape, input: binding.region(forward.source),
        outputGradient: binding.region(gradient), weightsGradient: binding.region(weights),
        biasGradient: bias.map(binding.region))
    }
  }

  /// True if this is a first layer as `neural_first_layer_weights` takes it.
  private func isFirstLayer(
    _ forward: ForwardTensors, _ gradient: TensorPlan
  ) throws(DNNLError) -> Bool {
    guard input.dimensions[0] < 3, layer.stride == 1, gradient.descriptor.kernelLayout?.lanes == 8
    else { return false }
    let source = forward.source.descriptor
    let plain = try MemoryDescriptor.plain(source.dimensions)
    let weights = try MemoryDescriptor.firstLayerWeights(weightsShape.dimensions, lanes: 8)
    return source == plain && forward.weights.descriptor == weights
  }
}

/// The gradient of the weights of a convolution of the images themselves.
///
/// oneDNN 2.6 falls back to its reference code here when the processor has AVX2 and no AVX-512 and
/// the images have one channel: two orders of magnitude slower.
struct FirstLayerWeightsAction: Action {
  let shape: neural_first_layer
  let input: Region
  let outputGradient: Region
  let weightsGradient: Region
  let biasGradient: Region?

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; their layouts were compared with what the kernel reads.
    unsafe neural_first_layer_weights(
      &shape, input.floats.baseAddress, outputGradient.floats.baseAddress,
      weightsGradient.floats.baseAddress, biasGradient?.floats.baseAddress)
  }
}
