import CNeuralKernels
import OneDNN

/// Adds one tensor to another of the same layout: the gradients of a value with several readers.
struct AccumulateAction: Action {
  let target: Region
  let addend: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: both regions are kept alive by self and are of the same length.
    unsafe neural_accumulate(
      Int64(target.floats.count), target.floats.baseAddress, addend.floats.baseAddress)
  }
}
