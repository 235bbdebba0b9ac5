import COneDNN

/// A function applied to each scalar: the ReLU, max(x, 0).
package enum Eltwise {
  /// y = max(x, 0).
  package static func reluForward(
    _ data: MemoryDescriptor, on engine: Engine
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var (descriptor, raw) = (dnnl_eltwise_desc_t(), data.raw)
    try check("describing a ReLU") {
      dnnl_eltwise_forward_desc_init(
        &descriptor, dnnl_forward_training, dnnl_eltwise_relu, &raw, 0, 0)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: nil, operation: "a ReLU forward", on: engine)
  }

  /// The gradient with respect to x, from x or y, whose signs agree where it matters.
  package static func reluBackward(
    gradient: MemoryDescriptor, data: MemoryDescriptor, hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var (descriptor, rawGradient, raw) = (dnnl_eltwise_desc_t(), gradient.raw, data.raw)
    try check("describing a ReLU backward") {
      dnnl_eltwise_backward_desc_init(&descriptor, dnnl_eltwise_relu, &rawGradient, &raw, 0, 0)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: hint, operation: "a ReLU backward",
      on: hint.engine)
  }
}
