import OneDNN

/// Real memory for the tensors of a plan.
struct Binding {
  let arena: Region
  let offsets: [(offset: Int, byteCount: Int)]
  let parameters: ParameterStore
  let engine: Engine

  /// Where `tensor` lies.
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
