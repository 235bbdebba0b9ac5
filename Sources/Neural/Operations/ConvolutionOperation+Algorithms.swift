import CNeuralKernels
import OneDNN
import Tensors

extension ConvolutionOperation {
  /// The primitive that `describe` makes of Winograd's algorithm, where that pays and the processor
  /// has it.
  ///
  /// The choice depends on the shapes and the processor alone, never on a clock, so that a run can
  /// be repeated bit for bit.
  func winograd(
    batch: Int, _ describe: (Convolution) throws(DNNLError) -> PrimitiveDescriptor
  ) -> PrimitiveDescriptor? {
    guard layer.window == 3, layer.stride == 1, layer.padding <= 1, isTiledWell(batch: batch)
    else { return nil }
    var winograd = pass
    winograd.algorithm = .winograd
    return try? describe(winograd)
  }

  /// True if the products in tiles of 4×4 outputs cost less than those of all outputs.
  ///
  /// A pass costs products, 36 for a tile and two channels against 9 for an output, and the
  /// transforms: 40 % more for those of the tiles, and for that of the weights as much as 29 tiles'
  /// products. Direct convolutions leave out part of the padding. The factors fit times measured
  /// with 64 to 512 channels on images of 3×3 to 32×32.
  private func isTiledWell(batch: Int) -> Bool {
    let (rows, columns) = (output.dimensions[1], output.dimensions[2])
    let tiles = batch * ((rows + 3) / 4) * ((columns + 3) / 4)
    let direct = 0.85 * Double(9 * batch * rows * columns)
    return direct > 36 * (1.4 * Double(tiles) + 29)
  }
}

extension ConvolutionOperation {
  /// The extents, if `neural_small_weights_gradient_run` takes the tensors as they lie and is the
  /// fastest.
  func smallImages(
    _ forward: ForwardTensors, _ gradient: TensorPlan
  ) throws(DNNLError) -> neural_weights_gradient? {
    let source = forward.source.descriptor
    guard source.kernelLayout?.lanes == 16, gradient.descriptor.kernelLayout?.lanes == 16,
      try forward.weights.descriptor
        == .blockedWeights(weightsShape.dimensions, lanes: 16)
    else { return nil }
    let size = input.dimensions
    var shape = neural_weights_gradient(
      samples: Int64(source.dimensions[0]), inputs: Int64(size[0]), outputs: Int64(layer.outputs),
      rows: Int64(size[1]), columns: Int64(size[2]), window: Int64(layer.window),
      stride: Int64(layer.stride), padding: Int64(layer.padding))
    // SAFETY: the shape is a local variable.
    guard layer.window > 1, unsafe neural_small_weights_gradient_supports(&shape) else {
      return nil
    }
    return shape
  }

  /// Adds the gradients of weights and bias.
  func compileSmallImages(
    _ shape: neural_weights_gradient, _ node: Graph.Node, with compiler: Compiler,
    _ forward: ForwardTensors, gradient: TensorPlan
  ) throws(DNNLError) {
    let weights = try compiler.parameterGradient(0, of: node, as: forward.weights.descriptor)
    var bias: TensorPlan?
    if let plan = forward.bias {
      bias = try compiler.parameterGradient(1, of: node, as: plan.descriptor)
    }
    compiler.add(to: .backward, of: node) { [bias] binding throws(DNNLError) in
      SmallWeightsGradientAction(
        shape: shape, input: binding.region(forward.source),
        outputGradient: binding.region(gradient), weightsGradient: binding.region(weights),
        biasGradient: bias.map(binding.region))
    }
  }
}

/// The gradients of the weights and the bias of a convolution on small images.
private struct SmallWeightsGradientAction: Action {
  let shape: neural_weights_gradient
  let input: Region
  let outputGradient: Region
  let weightsGradient: Region
  let biasGradient: Region?

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; their layouts were compared with what the kernel reads.
    unsafe neural_small_weights_gradient_run(
      &shape, input.floats.baseAddress, outputGradient.floats.baseAddress,
      weightsGradient.floats.baseAddress, biasGradient?.floats.baseAddress)
  }
}
