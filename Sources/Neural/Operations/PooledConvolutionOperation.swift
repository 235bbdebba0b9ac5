import CNeuralKernels
import OneDNN
import Tensors

/// A convolution, perhaps a ReLU, and a max-pooling over windows side by side.
///
/// The convolution's own output isn't kept: the backward pass needs only the pooled values and
/// where in its window each was found. All but one gradient of a window are zero, and where the
/// processor allows it the backward pass visits only the others; else it fills in the zeros and
/// leaves the work to oneDNN.
struct PooledConvolutionOperation: Operation {
  let convolution: ConvolutionOperation
  let pooling: PoolingLayer
  let output: Shape

  init?(_ convolution: ConvolutionOperation, pooledBy pooling: PoolingLayer) {
    let size = convolution.output.dimensions
    guard
      pooling.stride == pooling.window, pooling.padding == 0, pooling.window <= 16,
      convolution.layer.stride == 1, size[1] >= pooling.window, size[2] >= pooling.window
    else { return nil }
    self.convolution = convolution
    self.pooling = pooling
    output = [size[0], size[1] / pooling.window, size[2] / pooling.window]
  }

  var parameters: [Parameter] { convolution.parameters }

  var forwardFLOPs: Int { convolution.forwardFLOPs }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let tensors = try convolution.compileForward(node, with: compiler) {
      compiler.scratch($0, in: .forward, of: node)
    }
    guard let shape = shape(tensors, batch: compiler.batch) else {
      preconditionFailure("a convolution's output isn't in blocks of channels")
    }
    let resultLayout = try pooledLayout(lanes: Int(shape.lanes), batch: compiler.batch)
    let result = compiler.makeOutput(of: node, as: resultLayout)
    let active = compiler.isActive(node)
    let codes = active ? compiler.saved(resultLayout.byteCount / 4, of: node) : nil
    let convolved = tensors.output
    compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
      PoolAction(
        shape: shape, convolved: binding.region(convolved), pooled: binding.region(result),
        codes: codes.map(binding.bytes))
    }
    guard active, let codes else { return }
    if try supportsSparse(shape, tensors) {
      try compileSparse(node, with: compiler, shape, tensors, result: result, codes: codes)
    } else {
      let dense = compiler.scratch(convolved.descriptor, in: .backward, of: node)
      let gradient = compiler.outputGradient(of: node)
      let relu = convolution.relu
      compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
        PoolBackwardAction(
          shape: shape, relu: relu, pooledGradient: binding.region(gradient),
          pooled: binding.region(result), codes: binding.bytes(codes),
          convolvedGradient: binding.region(dense))
      }
      try convolution.compileBackward(node, with: compiler, tensors, gradient: dense)
    }
  }

  private func compileSparse(
    _ node: Graph.Node, with compiler: Compiler, _ shape: neural_pooled_convolution,
    _ tensors: ConvolutionOperation.ForwardTensors, result: TensorPlan, codes: Int
  ) throws(DNNLError) {
    var copy = shape
    // SAFETY: the shape is a local copy.
    let bytes = unsafe Int(neural_sparse_backward_scratch(&copy))
    let scratch = compiler.scratch(bytes, in: .backward, of: node)
    let gradient = compiler.outputGradient(of: node)
    let trained = compiler.isTrained(node)
    let weightsGradient =
      trained
      ? try compiler.parameterGradient(0, of: node, as: tensors.weights.descriptor) : nil
    var biasGradient: TensorPlan?
    if trained, let bias = tensors.bias {
      biasGradient = try compiler.parameterGradient(1, of: node, as: bias.descriptor)
    }
    let inputGradient =
      compiler.needsGradient(of: node)
      ? try compiler.inputGradient(of: node, as: tensors.source.descriptor) : nil
    let relu = convolution.relu
    compiler.add(to: .backward, of: node) { [biasGradient] binding throws(DNNLError) in
      SparseBackwardAction(
        shape: shape, relu: relu, input: binding.region(tensors.source),
        weights: binding.region(tensors.weights), pooledGradient: binding.region(gradient),
        pooled: binding.region(result), codes: binding.bytes(codes),
        weightsGradient: weightsGradient.map(binding.region),
        biasGradient: biasGradient.map(binding.region),
        inputGradient: inputGradient.map(binding.region), scratch: binding.bytes(scratch))
    }
  }

  private func shape(
    _ tensors: ConvolutionOperation.ForwardTensors, batch: Int
  ) -> neural_pooled_convolution? {
    guard let layout = tensors.output.descriptor.kernelLayout else { return nil }
    let (layer, size) = (convolution.layer, convolution.input.dimensions)
    return neural_pooled_convolution(
      samples: Int64(batch), input_blocks: (Int64(size[0]) + layout.lanes - 1) / layout.lanes,
      outputs: Int64(layer.outputs),
      lanes: layout.lanes, rows: Int64(size[1]), columns: Int64(size[2]),
      window: Int64(layer.window), padding: Int64(layer.padding), pool: Int64(pooling.window))
  }

  private func pooledLayout(lanes: Int, batch: Int) throws(DNNLError) -> MemoryDescriptor {
    let dimensions = [batch] + output.dimensions
    return lanes == 1 ? try .plain(dimensions) : try .blocked(dimensions, lanes: lanes)
  }

  /// True if all tensors lie as the sparse kernel reads them.
  private func supportsSparse(
    _ shape: neural_pooled_convolution, _ tensors: ConvolutionOperation.ForwardTensors
  ) throws(DNNLError) -> Bool {
    var copy = shape
    // SAFETY: the shape is a local copy.
    guard unsafe neural_sparse_backward_supports(&copy) else { return false }
    let lanes = Int(shape.lanes)
    let weights = try MemoryDescriptor.blockedWeights(
      tensors.weights.descriptor.dimensions, lanes: lanes)
    let source = try MemoryDescriptor.blocked(tensors.source.descriptor.dimensions, lanes: lanes)
    return tensors.weights.descriptor == weights && tensors.source.descriptor == source
  }
}

/// The largest value of each window, and where it was found.
struct PoolAction: Action {
  let shape: neural_pooled_convolution
  let convolved: Region
  let pooled: Region
  let codes: Region?

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; the shape was read off their descriptors.
    unsafe neural_pool(
      &shape, convolved.floats.baseAddress, pooled.floats.baseAddress,
      codes?.address.assumingMemoryBound(to: UInt8.self))
  }
}

/// The gradient of the pooled tensor, with its zeros.
struct PoolBackwardAction: Action {
  let shape: neural_pooled_convolution
  let relu: Bool
  let pooledGradient: Region
  let pooled: Region
  let codes: Region
  let convolvedGradient: Region

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; the shape was read off their descriptors.
    unsafe neural_pool_backward(
      &shape, relu, pooledGradient.floats.baseAddress, pooled.floats.baseAddress,
      codes.address.assumingMemoryBound(to: UInt8.self), convolvedGradient.floats.baseAddress)
  }
}

/// The gradients of a convolution below a pooling, from those of the pooled values that aren't
/// zero.
struct SparseBackwardAction: Action {
  let shape: neural_pooled_convolution
  let relu: Bool
  let input: Region
  let weights: Region
  let pooledGradient: Region
  let pooled: Region
  let codes: Region
  let weightsGradient: Region?
  let biasGradient: Region?
  let inputGradient: Region?
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; the shape was read off their descriptors, and their
    // layouts were compared with what the kernel reads.
    var tensors = unsafe neural_sparse_tensors(
      input: input.floats.baseAddress, pooled_gradient: pooledGradient.floats.baseAddress,
      pooled: pooled.floats.baseAddress, weights: weights.floats.baseAddress,
      codes: codes.address.assumingMemoryBound(to: UInt8.self),
      weights_gradient: weightsGradient?.floats.baseAddress,
      bias_gradient: biasGradient?.floats.baseAddress,
      input_gradient: inputGradient?.floats.baseAddress, scratch: scratch.address)
    unsafe neural_sparse_backward(&shape, relu, &tensors)
  }
}
