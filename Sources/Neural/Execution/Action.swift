import CNeuralKernels
import Measures
import OneDNN

/// One piece of a pass over a batch, bound to its memory.
protocol Action {
  /// Computes; allocates no tensor.
  func run(_ step: Step) throws(DNNLError)
}

/// The context of an action: the step of which it is a part.
struct Step {
  /// The stream on which primitives run.
  let stream: OneDNN.Stream
  /// The masks' randomness; nil to leave all scalars as they are.
  let dropout: RandomStream?
  /// The number of samples before this batch.
  let firstSample: Int
}

/// One of oneDNN's primitives.
struct PrimitiveAction: Action {
  let primitive: Primitive

  func run(_ step: Step) throws(DNNLError) { try primitive.run(on: step.stream) }
}

/// Copies a tensor to another of the same layout.
struct CopyAction: Action {
  let source: Region
  let target: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: both regions are kept alive by self and are of the same length.
    unsafe target.address.copyMemory(from: source.address, byteCount: source.byteCount)
  }
}

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

/// Real memory for the tensors of a plan.
struct Binding {
  let arena: Region
  let offsets: [(offset: Int, byteCount: Int)]
  let parameters: ParameterStore
  let engine: Engine

  /// The memory of `tensor`.
  func region(_ tensor: TensorPlan) -> Region {
    let byteCount = tensor.descriptor.byteCount
    return switch tensor.place {
    case .arena(let claim): arena.part(at: offsets[claim].offset, byteCount: byteCount)
    case .parameter(let segment, let number, let part):
      parameters.region(segment: segment, parameter: number, part)
    }
  }

  /// The bytes of claim `claim`.
  func bytes(_ claim: Int) -> Region {
    arena.part(at: offsets[claim].offset, byteCount: offsets[claim].byteCount)
  }

  /// `tensor` as oneDNN takes it.
  func memory(_ tensor: TensorPlan) throws(DNNLError) -> Memory {
    try Memory(tensor.descriptor, in: region(tensor), on: engine)
  }
}
