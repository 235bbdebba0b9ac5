import COneDNN

/// The affine map y = x Wᵀ + b, forward and backward.
///
/// Shapes: source `[N, I]` or `[N, C, H, W]`, weights `[O, I]` or `[O, C, H, W]`, bias `[O]`,
/// destination `[N, O]`.
package enum InnerProduct {
  /// y = x Wᵀ + b, with a ReLU where asked for.
  package static func forward(
    source: MemoryDescriptor, weights: MemoryDescriptor, bias: MemoryDescriptor?,
    destination: MemoryDescriptor, relu: Bool, training: Bool, on engine: Engine
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_inner_product_desc_t()
    var (source, weights, destination) = (source.raw, weights.raw, destination.raw)
    var bias = bias?.raw ?? dnnl_memory_desc_t()
    let kind = training ? dnnl_forward_training : dnnl_forward_inference
    try check("describing an inner product") {
      dnnl_inner_product_forward_desc_init(
        &descriptor, kind, &source, &weights, &bias, &destination)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(relu: relu), hint: nil,
      operation: "an inner product forward", on: engine)
  }

  /// The gradient with respect to the input.
  package static func backwardData(
    sourceGradient: MemoryDescriptor, weights: MemoryDescriptor,
    destinationGradient: MemoryDescriptor, hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_inner_product_desc_t()
    var (source, weights, destination) = (
      sourceGradient.raw, weights.raw, destinationGradient.raw
    )
    try check("describing an inner product's backward data") {
      dnnl_inner_product_backward_data_desc_init(&descriptor, &source, &weights, &destination)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: hint,
      operation: "an inner product backward to its input", on: hint.engine)
  }

  /// The gradients with respect to weights and bias.
  package static func backwardWeights(
    source: MemoryDescriptor, weightsGradient: MemoryDescriptor,
    biasGradient: MemoryDescriptor?, destinationGradient: MemoryDescriptor,
    hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_inner_product_desc_t()
    var (source, weights, destination) = (
      source.raw, weightsGradient.raw, destinationGradient.raw
    )
    var bias = biasGradient?.raw ?? dnnl_memory_desc_t()
    try check("describing an inner product's backward weights") {
      dnnl_inner_product_backward_weights_desc_init(
        &descriptor, &source, &weights, &bias, &destination)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: hint,
      operation: "an inner product backward to its weights", on: hint.engine)
  }
}
