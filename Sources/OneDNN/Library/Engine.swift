import COneDNN

/// The processor as a device to compute on; thread-safe.
package final class Engine: Sendable {
  // SAFETY: an engine is immutable after its creation, and oneDNN allows its use by many threads.
  nonisolated(unsafe) let handle: dnnl_engine_t

  /// The first processor.
  package init() throws(DNNLError) {
    var handle: dnnl_engine_t?
    try check("opening the CPU engine") { dnnl_engine_create(&handle, dnnl_cpu, 0) }
    guard let handle else { throw DNNLError(dnnl_runtime_error, during: "opening the CPU engine") }
    self.handle = handle
  }

  deinit { dnnl_engine_destroy(handle) }
}
