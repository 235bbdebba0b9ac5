import COneDNN

/// An in-order queue of computations on an engine; one thread's own.
package final class Stream {
  let handle: dnnl_stream_t
  private let engine: Engine

  /// A queue on `engine`; on the processor each computation is done when its call returns.
  package init(on engine: Engine) throws(DNNLError) {
    var handle: dnnl_stream_t?
    try check("creating a stream") {
      dnnl_stream_create(&handle, engine.handle, UInt32(dnnl_stream_in_order.rawValue))
    }
    guard let handle else { throw DNNLError(dnnl_runtime_error, during: "creating a stream") }
    self.handle = handle
    self.engine = engine
  }

  deinit { dnnl_stream_destroy(handle) }
}
