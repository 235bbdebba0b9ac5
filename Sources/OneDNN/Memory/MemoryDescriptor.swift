import COneDNN

/// The shape and layout of a tensor of 32-bit floats (or of raw bytes, for workspaces).
package struct MemoryDescriptor {
  var raw: dnnl_memory_desc_t

  init(raw: dnnl_memory_desc_t) { self.raw = raw }

  private init(_ dimensions: [Int], tag: dnnl_format_tag_t) throws(DNNLError) {
    var raw = dnnl_memory_desc_t()
    let extents = dimensions.map(Int64.init)
    try check("describing a tensor \(dimensions)") {
      dnnl_memory_desc_init_by_tag(&raw, Int32(extents.count), extents, dnnl_f32, tag)
    }
    self.raw = raw
  }

  /// A tensor whose layout the primitive is free to choose.
  package static func any(_ dimensions: [Int]) throws(DNNLError) -> MemoryDescriptor {
    try MemoryDescriptor(dimensions, tag: dnnl_format_tag_any)
  }

  /// A tensor in row-major order.
  package static func plain(_ dimensions: [Int]) throws(DNNLError) -> MemoryDescriptor {
    var raw = dnnl_memory_desc_t()
    let extents = dimensions.map(Int64.init)
    var strides = extents
    var next: Int64 = 1
    for axis in dimensions.indices.reversed() {
      strides[axis] = next
      next *= extents[axis]
    }
    try check("describing a tensor \(dimensions)") {
      dnnl_memory_desc_init_by_strides(
        &raw, Int32(extents.count), extents, dnnl_f32, strides)
    }
    return MemoryDescriptor(raw: raw)
  }

  /// A tensor of `[N, C, …]` in which `lanes` (8 or 16) neighbouring channels lie side by side.
  package static func blocked(
    _ dimensions: [Int], lanes: Int
  ) throws(DNNLError) -> MemoryDescriptor {
    precondition(dimensions.count == 4 && (lanes == 8 || lanes == 16), "\(dimensions) by \(lanes)")
    return try MemoryDescriptor(dimensions, tag: lanes == 8 ? dnnl_aBcd8b : dnnl_aBcd16b)
  }

  /// Weights `[O, I, kh, kw]` as `[O/l][I/l][kh][kw][l i][l o]`, l lanes (8 or 16).
  package static func blockedWeights(
    _ dimensions: [Int], lanes: Int
  ) throws(DNNLError) -> MemoryDescriptor {
    precondition(dimensions.count == 4 && (lanes == 8 || lanes == 16), "\(dimensions) by \(lanes)")
    return try MemoryDescriptor(dimensions, tag: lanes == 8 ? dnnl_ABcd8b8a : dnnl_ABcd16b16a)
  }

  /// Weights `[O, I, kh, kw]` as `[O/l][kh][kw][I][l o]`, l lanes (8 or 16): those of a first
  /// layer.
  package static func firstLayerWeights(
    _ dimensions: [Int], lanes: Int
  ) throws(DNNLError) -> MemoryDescriptor {
    precondition(dimensions.count == 4 && (lanes == 8 || lanes == 16), "\(dimensions) by \(lanes)")
    return try MemoryDescriptor(dimensions, tag: lanes == 8 ? dnnl_Acdb8a : dnnl_Acdb16a)
  }

  /// The extents of the axes.
  package var dimensions: [Int] {
    withUnsafeBytes(of: raw.dims) { bytes in
      bytes.bindMemory(to: Int64.self).prefix(Int(raw.ndims)).map(Int.init)
    }
  }

  /// The bytes that a tensor takes in memory, padding included.
  package var byteCount: Int {
    var copy = raw
    return dnnl_memory_desc_get_size(&copy)
  }

  /// The grouping of channels, if the layout is `[N, C/lanes, spatial…, lanes]` without gaps.
  ///
  /// `lanes` is 1 for row-major tensors; `channelBlocks` counts the last block also where it is
  /// only partly filled.
  package var channelBlocking: (channelBlocks: Int, spatial: Int, lanes: Int)? {
    let dimensions = dimensions
    guard raw.format_kind == dnnl_blocked, dimensions.count >= 2 else { return nil }
    let blocking = raw.format_desc.blocking
    let lanes: Int
    switch blocking.inner_nblks {
    case 0: lanes = 1
    case 1 where blocking.inner_idxs.0 == 1: lanes = Int(blocking.inner_blks.0)
    default: return nil
    }
    let blocks = (dimensions[1] + lanes - 1) / lanes
    let strides = withUnsafeBytes(of: blocking.strides) { bytes in
      bytes.bindMemory(to: Int64.self).prefix(dimensions.count).map(Int.init)
    }
    var next = lanes
    for axis in dimensions.indices.reversed() {
      guard strides[axis] == next || dimensions[axis] == 1 else { return nil }
      next *= axis == 1 ? blocks : dimensions[axis]
    }
    let spatial = dimensions.dropFirst(2).reduce(1, *)
    return (blocks, spatial, lanes)
  }

  /// The same bytes seen as a tensor of other extents, where the layout allows it.
  package func reshaped(to dimensions: [Int]) throws(DNNLError) -> MemoryDescriptor {
    var (source, result) = (raw, dnnl_memory_desc_t())
    let extents = dimensions.map(Int64.init)
    try check("seeing a tensor \(self.dimensions) as \(dimensions)") {
      dnnl_memory_desc_reshape(&result, &source, Int32(extents.count), extents)
    }
    return MemoryDescriptor(raw: result)
  }
}

extension MemoryDescriptor: Equatable {
  /// True if both describe the same shape in the same layout.
  package static func == (lhs: Self, rhs: Self) -> Bool {
    var (left, right) = (lhs.raw, rhs.raw)
    return dnnl_memory_desc_equal(&left, &right) == 1
  }
}
