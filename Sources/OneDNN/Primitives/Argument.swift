import COneDNN

/// The part that a tensor plays in a primitive.
package enum Argument: Hashable {
  /// The input.
  case source
  /// The second input of a binary operation.
  case secondSource
  /// The output.
  case destination
  /// The weights.
  case weights
  /// The bias.
  case bias
  /// The values that the forward pass leaves for the backward pass.
  case workspace
  /// Scratch memory.
  case scratchpad
  /// The gradient with respect to the input.
  case sourceGradient
  /// The gradient with respect to the output.
  case destinationGradient
  /// The gradient with respect to the weights.
  case weightsGradient
  /// The gradient with respect to the bias.
  case biasGradient

  var index: Int32 {
    switch self {
    case .source: DNNL_ARG_SRC_0
    case .secondSource: DNNL_ARG_SRC_1
    case .destination: DNNL_ARG_DST_0
    case .weights: DNNL_ARG_WEIGHTS_0
    case .bias: DNNL_ARG_BIAS
    case .workspace: DNNL_ARG_WORKSPACE
    case .scratchpad: DNNL_ARG_SCRATCHPAD
    case .sourceGradient: DNNL_ARG_DIFF_SRC_0
    case .destinationGradient: DNNL_ARG_DIFF_DST_0
    case .weightsGradient: DNNL_ARG_DIFF_WEIGHTS_0
    case .biasGradient: DNNL_ARG_DIFF_BIAS
    }
  }
}

/// The copy of a tensor from one layout to another.
package enum Reorder {
  /// From the layout of `source` to that of `destination`.
  package static func descriptor(
    from source: MemoryDescriptor, to destination: MemoryDescriptor, on engine: Engine
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var (from, to, handle) = (source.raw, destination.raw, nil as dnnl_primitive_desc_t?)
    let attributes = try Attributes()
    try check("reordering a tensor \(source.dimensions)") {
      dnnl_reorder_primitive_desc_create(
        &handle, &from, engine.handle, &to, engine.handle, attributes.handle)
    }
    guard let handle else {
      throw DNNLError(dnnl_unimplemented, during: "reordering a tensor \(source.dimensions)")
    }
    return PrimitiveDescriptor(taking: handle, operation: "a reorder", on: engine)
  }
}
