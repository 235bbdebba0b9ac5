import COneDNN

/// The copy of a tensor from one layout to another.
package enum Reorder {
  /// From the layout of `source` to that of `destination`.
  package static func descriptor(
    from source: MemoryDescriptor, to destination: MemoryDescriptor, on engine: Engine
  ) throws(DNNLError) -> PrimitiveDescriptor {
    var (from, to, handle) = (source.raw, destination.raw, nil as dnnl_primitive_desc_t?)
    let attributes = try Attributes()
    try check("reordering a tensor \(source.dimensions)") {
      dnnl_reorder_primitive_desc_create(
        &handle, &from, engine.handle, &to, engine.handle, attributes.handle)
    }
    guard let handle else {
      throw DNNLError(dnnl_unimplemented, during: "reordering a tensor \(source.dimensions)")
    }
    return PrimitiveDescriptor(taking: handle, operation: "a reorder", on: engine)
  }
}
