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
