import COneDNN

/// A tensor: a descriptor bound to a region of memory.
package final class Memory {
  let handle: dnnl_memory_t
  /// Its shape and layout.
  package let descriptor: MemoryDescriptor
  /// Where its scalars are.
  package private(set) var region: Region
  private let engine: Engine

  /// A tensor over `region`, which must be large enough.
  package init(
    _ descriptor: MemoryDescriptor, in region: Region, on engine: Engine
  ) throws(DNNLError) {
    precondition(
      region.byteCount >= descriptor.byteCount,
      "\(region.byteCount) bytes for a tensor of \(descriptor.byteCount)")
    var (raw, handle) = (descriptor.raw, nil as dnnl_memory_t?)
    try check("binding a tensor \(descriptor.dimensions)") {
      dnnl_memory_create(&handle, &raw, engine.handle, region.address)
    }
    guard let handle else { throw DNNLError(dnnl_runtime_error, during: "binding a tensor") }
    self.handle = handle
    self.descriptor = descriptor
    self.region = region
    self.engine = engine
  }

  deinit { dnnl_memory_destroy(handle) }
}
