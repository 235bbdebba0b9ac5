import CNeuralKernels
import OneDNN

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

/// The gradients of a convolution below a pooling, from those of the pooled values that aren't zero.
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
