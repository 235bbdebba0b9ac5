import COneDNN

/// The two-dimensional convolution, forward and backward.
///
/// Shapes: source `[N, I, H, W]`, weights `[O, I, kh, kw]`, bias `[O]`, destination `[N, O, H',
/// W']`.
package struct Convolution {
  /// The algorithm by which sums are computed.
  package enum Algorithm: Hashable, Sendable {
    /// Product by product.
    case direct
    /// In the transformed tiles of Winograd's F(4×4, 3×3): a quarter of the products, results that
    /// differ from the direct ones by rounding.
    ///
    /// For 3×3 windows of stride 1 on processors with AVX-512 only.
    case winograd

    var kind: dnnl_alg_kind_t {
      switch self {
      case .direct: dnnl_convolution_direct
      case .winograd: dnnl_convolution_winograd
      }
    }
  }

  /// The algorithm by which sums are computed.
  package var algorithm = Algorithm.direct
  /// Steps between outputs along H and W.
  package var strides: [Int]
  /// Zeros before and after, along H and W.
  package var padding: [Int]

  /// A convolution of the given steps and padding.
  package init(strides: [Int], padding: [Int]) {
    precondition(strides.count == 2 && padding.count == 2, "two axes, not \(strides) \(padding)")
    self.strides = strides
    self.padding = padding
  }

  private var rawStrides: [Int64] { strides.map(Int64.init) }
  private var rawPadding: [Int64] { padding.map(Int64.init) }

  /// y = x ∗ w + b, with a ReLU where asked for.
  package func forward(
    source: MemoryDescriptor, weights: MemoryDescriptor, bias: MemoryDescriptor?,
    destination: MemoryDescriptor, relu: Bool, training: Bool, on engine: Engine
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_convolution_desc_t()
    var (source, weights, destination) = (source.raw, weights.raw, destination.raw)
    var bias = bias?.raw ?? dnnl_memory_desc_t()
    let kind = training ? dnnl_forward_training : dnnl_forward_inference
    try check("describing a convolution") {
      dnnl_convolution_forward_desc_init(
        &descriptor, kind, algorithm.kind, &source, &weights, &bias, &destination,
        rawStrides, rawPadding, rawPadding)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(relu: relu), hint: nil,
      operation: "a convolution forward", on: engine)
  }

  /// The gradient with respect to the input.
  package func backwardData(
    sourceGradient: MemoryDescriptor, weights: MemoryDescriptor,
    destinationGradient: MemoryDescriptor, hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_convolution_desc_t()
    var (source, weights, destination) = (
      sourceGradient.raw, weights.raw, destinationGradient.raw
    )
    try check("describing a convolution's backward data") {
      dnnl_convolution_backward_data_desc_init(
        &descriptor, algorithm.kind, &source, &weights, &destination,
        rawStrides, rawPadding, rawPadding)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: hint,
      operation: "a convolution backward to its input", on: hint.engine)
  }

  /// The gradients with respect to weights and bias.
  package func backwardWeights(
    source: MemoryDescriptor, weightsGradient: MemoryDescriptor,
    biasGradient: MemoryDescriptor?, destinationGradient: MemoryDescriptor,
    hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_convolution_desc_t()
    var (source, weights, destination) = (
      source.raw, weightsGradient.raw, destinationGradient.raw
    )
    var bias = biasGradient?.raw ?? dnnl_memory_desc_t()
    try check("describing a convolution's backward weights") {
      dnnl_convolution_backward_weights_desc_init(
        &descriptor, algorithm.kind, &source, &weights, &bias, &destination,
        rawStrides, rawPadding, rawPadding)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: hint,
      operation: "a convolution backward to its weights", on: hint.engine)
  }
}
