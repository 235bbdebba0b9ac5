import COneDNN

/// A compiled operation bound to its tensors; running it allocates nothing.
///
/// The generated code is shared by oneDNN's own cache among all primitives of equal descriptors in
/// the process; what is made here is a handle and the list of arguments.
package final class Primitive {
  private let handle: dnnl_primitive_t
  private let operation: String
  private let memories: [Memory]
  private var arguments: [dnnl_exec_arg_t]

  /// The operation of `descriptor` on the given tensors.
  package init(
    _ descriptor: PrimitiveDescriptor, _ bindings: [(Argument, Memory)]
  ) throws(DNNLError) {
    var handle: dnnl_primitive_t?
    try check("compiling \(descriptor.operation)") {
      dnnl_primitive_create(&handle, descriptor.handle)
    }
    guard let handle else {
      throw DNNLError(dnnl_runtime_error, during: "compiling \(descriptor.operation)")
    }
    self.handle = handle
    operation = descriptor.operation
    memories = bindings.map(\.1)
    arguments = bindings.map { dnnl_exec_arg_t(arg: $0.0.index, memory: $0.1.handle) }
  }

  deinit { dnnl_primitive_destroy(handle) }

  /// Computes; the results are there when the call returns.
  package func run(on stream: Stream) throws(DNNLError) {
    try check(operation) {
      dnnl_primitive_execute(handle, stream.handle, Int32(arguments.count), arguments)
    }
  }
}

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
  /// The values that the forward pass leaves for the backward pass; of size 0 if none.
  package var workspace: MemoryDescriptor { descriptor(dnnl_query_workspace_md) }
  /// The scratch memory that one execution takes.
  package var scratchpad: MemoryDescriptor { descriptor(dnnl_query_scratchpad_md) }

  /// True if nothing better than the slow reference code was found.
  package var isReference: Bool { implementation.hasPrefix("ref") }

  /// The name of the chosen implementation: "jit:avx2".
  package var implementation: String {
    var name: UnsafePointer<CChar>?
    let status = dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &name)
    guard status == dnnl_success, let name else { return "unknown" }
    return String(cString: name)
  }
}

/// The settings of a primitive besides its arithmetic.
final class Attributes {
  let handle: dnnl_primitive_attr_t

  /// Scratch memory comes from the caller; `relu` is applied to the result where asked for.
  init(relu: Bool = false) throws(DNNLError) {
    var handle: dnnl_primitive_attr_t?
    try check("creating attributes") { dnnl_primitive_attr_create(&handle) }
    guard let handle else { throw DNNLError(dnnl_out_of_memory, during: "creating attributes") }
    self.handle = handle
    try check("asking for user scratch memory") {
      dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user)
    }
    guard relu else { return }
    var postOps: dnnl_post_ops_t?
    try check("creating post-operations") { dnnl_post_ops_create(&postOps) }
    defer { dnnl_post_ops_destroy(postOps) }
    try check("fusing a ReLU") {
      dnnl_post_ops_append_eltwise(postOps, 1, dnnl_eltwise_relu, 0, 0)
    }
    try check("fusing a ReLU") { dnnl_primitive_attr_set_post_ops(handle, postOps) }
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}
