import COneDNN

/// An operation with all shapes and layouts settled, from which primitives are made.
package final class PrimitiveDescriptor {
  let handle: dnnl_primitive_desc_t
  let engine: Engine
  let operation: String

  init(taking handle: dnnl_primitive_desc_t, operation: String, on engine: Engine) {
    self.handle = handle
    self.operation = operation
    self.engine = engine
  }

  /// The best implementation of the operation descriptor at `descriptor`.
  convenience init<Descriptor>(
    _ descriptor: inout Descriptor, attributes: Attributes, hint: PrimitiveDescriptor?,
    operation: @autoclosure () -> String, on engine: Engine
  ) throws(DNNLError) {
    var handle: dnnl_primitive_desc_t?
    try check(operation()) {
      withUnsafePointer(to: &descriptor) {
        dnnl_primitive_desc_create(
          &handle, $0, attributes.handle, engine.handle, hint?.handle)
      }
    }
    guard let handle else { throw DNNLError(dnnl_unimplemented, during: operation()) }
    self.init(taking: handle, operation: operation(), on: engine)
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  private func descriptor(_ query: dnnl_query_t, _ index: Int32 = 0) -> MemoryDescriptor {
    guard let found = dnnl_primitive_desc_query_md(handle, query, index) else {
      return MemoryDescriptor(raw: dnnl_memory_desc_t())
    }
    return MemoryDescriptor(raw: found.pointee)
  }

  /// The layout of the input.
  package var source: MemoryDescriptor { descriptor(dnnl_query_src_md) }
  /// The layout of the weights.
  package var weights: MemoryDescriptor { descriptor(dnnl_query_weights_md) }
  /// The layout of the output.
  package var destination: MemoryDescriptor { descriptor(dnnl_query_dst_md) }
  /// The layout of the input's gradient.
  package var sourceGradient: MemoryDescriptor { descriptor(dnnl_query_diff_src_md) }
  /// The layout of the weights' gradient.
  package var weightsGradient: MemoryDescriptor { descriptor(dnnl_query_diff_weights_md) }
  /// The layout of the output's gradient.
  package var destinationGradient: MemoryDescriptor { descriptor(dnnl_query_diff_dst_md) }
  /// What the forward pass leaves for the backward pass; of size 0 if nothing.
  package var workspace: MemoryDescriptor { descriptor(dnnl_query_workspace_md) }
  /// The scratch memory that one execution takes.
  package var scratchpad: MemoryDescriptor { descriptor(dnnl_query_scratchpad_md) }

  /// Whether nothing better than the slow reference code was found.
  package var isReference: Bool { implementation.hasPrefix("ref") }

  /// The name of the chosen implementation: "jit:avx2".
  package var implementation: String {
    var name: UnsafePointer<CChar>?
    let status = dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &name)
    guard status == dnnl_success, let name else { return "unknown" }
    return String(cString: name)
  }
}
