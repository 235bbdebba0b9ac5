import CNeuralKernels
import OneDNN

/// Normalizes each group of channels of each sample.
struct GroupNormAction: Action {
  let shape: neural_group_norm
  let input: Region
  let addend: Region?
  let scale: Region
  let shift: Region
  let output: Region
  let statistics: Region
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    var tensors = unsafe neural_group_norm_tensors(
      input: input.floats.baseAddress, addend: addend?.floats.baseAddress,
      scale: scale.floats.baseAddress, shift: shift.floats.baseAddress,
      output: output.floats.baseAddress, statistics: statistics.floats.baseAddress,
      scratch: scratch.address)
    unsafe neural_group_norm_forward(&shape, &tensors)
  }
}

/// The gradients of a group normalization.
struct GroupNormBackwardAction: Action {
  let shape: neural_group_norm
  let input: Region
  let output: Region
  let scale: Region
  let statistics: Region
  let outputGradient: Region
  let inputGradient: Region?
  let scaleGradient: Region?
  let shiftGradient: Region?
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    var shape = shape
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    var tensors = unsafe neural_group_norm_gradients(
      input: input.floats.baseAddress, output: output.floats.baseAddress,
      scale: scale.floats.baseAddress, statistics: statistics.floats.baseAddress,
      output_gradient: outputGradient.floats.baseAddress,
      input_gradient: inputGradient?.floats.baseAddress,
      scale_gradient: scaleGradient?.floats.baseAddress,
      shift_gradient: shiftGradient?.floats.baseAddress, scratch: scratch.address)
    unsafe neural_group_norm_backward(&shape, &tensors)
  }
}
