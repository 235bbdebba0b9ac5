import CNeuralKernels
import OneDNN

/// Normalizes, adds and cuts off below 0.
struct NormalizationAction: Action {
  let kernel: NormalizationKernel
  let input: Region
  let addend: Region?
  /// Scale and shift, and a batch norm's running mean and variance.
  let parameters: [Region]
  let output: Region
  let statistics: Region
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    let hasBuffers = parameters.count > 2
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    var tensors = unsafe neural_norm_tensors(
      input: input.floats.baseAddress, addend: addend?.floats.baseAddress,
      scale: parameters[0].floats.baseAddress, shift: parameters[1].floats.baseAddress,
      running_mean: hasBuffers ? parameters[2].floats.baseAddress : nil,
      running_variance: hasBuffers ? parameters[3].floats.baseAddress : nil,
      output: output.floats.baseAddress, statistics: statistics.floats.baseAddress,
      scratch: scratch.address)
    switch kernel {
    case .group(var shape): unsafe neural_group_norm_forward(&shape, &tensors)
    case .batch(var shape): unsafe neural_batch_norm_forward(&shape, &tensors)
    }
  }
}

/// The gradients of a normalization; a trained batch norm's running statistics move here and not in
/// the forward pass, so that a batch whose loss is no number leaves them alone.
struct NormalizationBackwardAction: Action {
  let kernel: NormalizationKernel
  let input: Region
  let output: Region
  /// Scale and shift, and a batch norm's running mean and variance.
  let parameters: [Region]
  let statistics: Region
  let outputGradient: Region
  let inputGradient: Region?
  /// Those of scale and shift; empty where they aren't trained.
  let parameterGradients: [Region]
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    let isTrained = !parameterGradients.isEmpty
    let moves = isTrained && parameters.count > 2
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    var tensors = unsafe neural_norm_gradients(
      input: input.floats.baseAddress, output: output.floats.baseAddress,
      scale: parameters[0].floats.baseAddress, statistics: statistics.floats.baseAddress,
      output_gradient: outputGradient.floats.baseAddress,
      input_gradient: inputGradient?.floats.baseAddress,
      scale_gradient: isTrained ? parameterGradients[0].floats.baseAddress : nil,
      shift_gradient: isTrained ? parameterGradients[1].floats.baseAddress : nil,
      running_mean: moves ? parameters[2].floats.baseAddress : nil,
      running_variance: moves ? parameters[3].floats.baseAddress : nil,
      scratch: scratch.address)
    switch kernel {
    case .group(var shape): unsafe neural_group_norm_backward(&shape, &tensors)
    case .batch(var shape): unsafe neural_batch_norm_backward(&shape, &tensors)
    }
  }
}
