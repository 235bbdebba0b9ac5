import COneDNN

/// What a primitive does besides its arithmetic.
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
