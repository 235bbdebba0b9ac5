import CNeuralKernels
import OneDNN

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
