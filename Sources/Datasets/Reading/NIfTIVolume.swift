import Bytes

/// The voxels of a NIfTI-1 file, scaled as its header says, x leading to the right, y to the front
/// and z up.
///
/// Where the file doesn't say where its axes lead, they are taken as they are stored.
package struct NIfTIVolume: Sendable {
  /// The file that it was read from.
  package let path: String
  /// The extents along x, y, z and the fourth axis (time or modality), x varying fastest.
  package let extents: [Int]
  /// The voxels; 0 where the file says that there is no number.
  package let values: [Float]
  /// The distance of the nearest two numbers that the file can tell apart; 0 where it stores
  /// floating-point numbers.
  let step: Float

  private let grid: VoxelGrid
  private let order: AxisOrder

  /// Reads the file at `path`, plain or compressed, of at most `limit` bytes.
  package init(path: String, limit: Int) throws(DatasetError) {
    try self.init(path: path, limit: limit, on: nil)
  }

  /// Reads the file at `path`, whose voxels must lie on those of `other` in some order of axes, in
  /// the same order.
  package init(path: String, limit: Int, like other: NIfTIVolume) throws(DatasetError) {
    try self.init(path: path, limit: limit, on: other)
  }

  private init(path: String, limit: Int, on other: NIfTIVolume?) throws(DatasetError) {
    let (header, bytes) = try Self.read(path, limit: limit)
    let grid = header.grid
    let order: AxisOrder
    if let other {
      guard grid.isOriented == other.grid.isOriented, let own = grid.order(in: other.grid) else {
        throw .gridMismatch(
          path: path, grid: grid.description, other: other.path,
          otherGrid: other.grid.description,
          isUnknown: grid.isOriented != other.grid.isOriented)
      }
      order = own.followed(by: other.order)
    } else {
      order = grid.canonicalOrder
    }
    var values = Self.values(bytes, header)
    if header.voxel.isFloatingPoint {
      // Programs for brain images write that there is no number where there is no brain.
      for (voxel, value) in values.enumerated() where value.isNaN { values[voxel] = 0 }
    }
    if let voxel = values.firstIndex(where: { !$0.isFinite }) {
      throw .malformed(
        path: path, at: "voxel \(voxel)", reason: "it is infinite",
        remedy: "write finite numbers, as with numpy.nan_to_num, or NaN where there is nothing")
    }
    self.path = path
    self.grid = grid
    self.order = order
    extents = order.extents(of: header.extents)
    self.values = order.applied(to: values, extents: header.extents)
    step = header.voxel.isFloatingPoint ? 0 : abs(header.slope)
  }

  /// The header at `path` and the voxels' bytes, in the same file or in the one beside it.
  private static func read(
    _ path: String, limit: Int
  ) throws(DatasetError) -> (NIfTIHeader, [UInt8]) {
    var file = try ByteFile(path: path, limit: limit)
    let header = try NIfTIHeader(file.read(NIfTIHeader.size), path: path)
    if header.isPair {
      let places = NIfTIHeader.pairedPaths(path) ?? []
      guard let place = places.first(where: ByteFile.isThere) else {
        throw .unreadable(
          path: places.first ?? path, reason: "no such file; the voxels of \(path) should lie there"
        )
      }
      file = try ByteFile(path: place, limit: limit)
    }
    // The extension marker, and extensions where there are any.
    _ = try file.read(header.voxelOffset - file.position)
    var size = header.voxel.bytes
    for extent in header.extents {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      size = overflow ? .max : product
    }
    let bytes = try file.read(size)
    try file.expectEnd()
    return (header, bytes)
  }

  private static func values(_ bytes: [UInt8], _ header: NIfTIHeader) -> [Float] {
    let (slope, intercept, voxel) = (header.slope, header.intercept, header.voxel)
    let width = voxel.bytes
    guard width > 1 else {
      let table = (0...255).map { voxel.value($0) * slope + intercept }
      return bytes.map { table[Int($0)] }
    }
    let stored = OrderedBytes(bytes, isBigEndian: header.isBigEndian)
    return stride(from: 0, to: bytes.count, by: width).map { offset in
      voxel.value(stored.unsigned(at: offset, width: width)) * slope + intercept
    }
  }
}

extension NIfTIVolume {
  /// The whole number that `value`, one of the volume's, stands for; nil if it stands for none.
  ///
  /// A whole number that is stored as another one with a scale comes back within half a step of
  /// that scale.
  func whole(_ value: Float) -> Int? {
    let rounded = value.rounded()
    let tolerance = step <= 0.2 ? 0.001 + step / 2 : 0.001
    guard abs(value - rounded) <= tolerance, abs(rounded) < 0x1p24 else { return nil }
    return Int(rounded)
  }

  /// The place of a voxel in the file: its number, and its places along the stored axes.
  func storedPlace(of voxel: Int) -> (index: Int, axes: [Int]) {
    let place = [
      voxel % extents[0], voxel / extents[0] % extents[1],
      voxel / extents[0] / extents[1] % extents[2],
    ]
    var axes = [0, 0, 0]
    for axis in 0..<3 {
      axes[order.axes[axis]] = order.flips[axis] ? extents[axis] - 1 - place[axis] : place[axis]
    }
    return ((axes[2] * grid.extents[1] + axes[1]) * grid.extents[0] + axes[0], axes)
  }

  /// Refuses an image of several volumes.
  func checkSingle() throws(DatasetError) {
    guard extents[3] == 1 else {
      throw .malformed(
        path: path, at: "dim", reason: "\(extents[3]) volumes where one is expected",
        remedy: "give each volume a file of its own")
    }
  }
}
