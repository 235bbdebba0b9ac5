/// The voxels of a NIfTI-1 file, scaled as its header says.
package struct NIfTIVolume: Sendable {
  /// The file that it was read from.
  package let path: String
  /// The extents along x, y, z and the fourth axis (time or modality), x varying fastest.
  package let extents: [Int]
  /// The voxels.
  package let values: [Float]

  /// Reads the file at `path`, plain or compressed, of at most `limit` bytes.
  package init(path: String, limit: Int) throws(DatasetError) {
    var file = try ByteFile(path: path, limit: limit)
    let header = try NIfTIHeader(file.read(NIfTIHeader.size), path: path)
    // The extension marker, and extensions where there are any.
    _ = try file.read(header.voxelOffset - NIfTIHeader.size)
    var size = header.voxel.bytes
    for extent in header.extents {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      size = overflow ? .max : product
    }
    let bytes = try file.read(size)
    try file.expectEnd()
    self.path = path
    extents = header.extents
    values = Self.values(bytes, header)
    guard values.allSatisfy(\.isFinite) else {
      throw .malformed(path: path, at: "voxels", reason: "one isn't a finite number")
    }
  }

  private static func values(_ bytes: [UInt8], _ header: NIfTIHeader) -> [Float] {
    let (slope, intercept, voxel) = (header.slope, header.intercept, header.voxel)
    let width = voxel.bytes
    guard width > 1 else {
      let table = (0...255).map { voxel.value($0) * slope + intercept }
      return bytes.map { table[Int($0)] }
    }
    let stored = OrderedBytes(bytes: bytes, isBigEndian: header.isBigEndian)
    return stride(from: 0, to: bytes.count, by: width).map { offset in
      voxel.value(stored.unsigned(at: offset, width: width)) * slope + intercept
    }
  }
}

extension NIfTIVolume {
  /// Refuses volumes that don't lie voxel on voxel with `other`.
  func checkExtents(like other: NIfTIVolume) throws(DatasetError) {
    guard extents == other.extents else {
      throw .malformed(
        path: path, at: "dim", reason: "extents \(extents), but \(other.path) has \(other.extents)")
    }
  }
}
