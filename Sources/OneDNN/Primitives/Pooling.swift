import COneDNN

/// The largest or the mean value of each window, forward and backward.
///
/// Shapes: source `[N, C, H, W]`, destination `[N, C, H', W']`.
package struct Pooling {
  /// The value that a window is reduced to.
  package enum Kind: Hashable, Sendable {
    /// The largest value.
    case maximum
    /// The mean, padding not counted.
    case mean

    var algorithm: dnnl_alg_kind_t {
      switch self {
      case .maximum: dnnl_pooling_max
      case .mean: dnnl_pooling_avg_exclude_padding
      }
    }
  }

  /// The value that a window is reduced to.
  package var kind: Kind
  /// The window's extents along H and W.
  package var window: [Int]
  /// Steps between windows along H and W.
  package var strides: [Int]
  /// Padding before and after, along H and W.
  package var padding: [Int]

  /// Pooling over windows of the given extents.
  package init(_ kind: Kind, window: [Int], strides: [Int], padding: [Int]) {
    precondition(
      window.count == 2 && strides.count == 2 && padding.count == 2, "pooling is over two axes")
    self.kind = kind
    self.window = window
    self.strides = strides
    self.padding = padding
  }

  private var rawWindow: [Int64] { window.map(Int64.init) }
  private var rawStrides: [Int64] { strides.map(Int64.init) }
  private var rawPadding: [Int64] { padding.map(Int64.init) }

  /// The forward pass; for a backward pass, `training` leaves a workspace.
  package func forward(
    source: MemoryDescriptor, destination: MemoryDescriptor, training: Bool, on engine: Engine
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_pooling_desc_t()
    var (source, destination) = (source.raw, destination.raw)
    let propagation = training ? dnnl_forward_training : dnnl_forward_inference
    try check("describing a pooling") {
      dnnl_pooling_forward_desc_init(
        &descriptor, propagation, kind.algorithm, &source, &destination, rawStrides, rawWindow,
        rawPadding, rawPadding)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: nil, operation: "a pooling forward", on: engine)
  }

  /// The backward pass.
  package func backward(
    sourceGradient: MemoryDescriptor, destinationGradient: MemoryDescriptor,
    hint: PrimitiveDescriptor
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var descriptor = dnnl_pooling_desc_t()
    var (source, destination) = (sourceGradient.raw, destinationGradient.raw)
    try check("describing a pooling backward") {
      dnnl_pooling_backward_desc_init(
        &descriptor, kind.algorithm, &source, &destination, rawStrides, rawWindow, rawPadding,
        rawPadding)
    }
    return try PrimitiveDescriptor(
      &descriptor, attributes: Attributes(), hint: hint, operation: "a pooling backward",
      on: hint.engine)
  }
}
