/// The header of a single-file NIfTI-1 volume, 348 bytes of either byte order.
///
/// Offsets and codes are those of the format's own `nifti1.h` (https://nifti.nimh.nih.gov/nifti-1).
struct NIfTIHeader {
  /// The extents along x, y, z and the fourth axis, x varying fastest.
  let extents: [Int]
  /// How a voxel is stored.
  let voxel: NIfTIVoxel
  /// Whether numbers have their most significant byte first.
  let isBigEndian: Bool
  /// Where the voxels begin, in bytes.
  let voxelOffset: Int
  /// What stored values are multiplied by; 1 where the header says nothing useful.
  let slope: Float
  /// What is then added.
  let intercept: Float

  /// How many bytes a header takes.
  static let size = 348

  /// Reads the header of the file at `path` from its first ``size`` bytes.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    var header = OrderedBytes(bytes: bytes, isBigEndian: false)
    if header.int32(at: 0) != Self.size { header.isBigEndian = true }
    guard header.int32(at: 0) == Self.size else {
      header.isBigEndian = false
      if [540, 0x1C02_0000].contains(header.int32(at: 0)) {
        throw .unsupported(path: path, reason: "this is NIfTI-2; convert it to NIfTI-1")
      }
      throw .wrongMagic(
        path: path, found: "the number \(header.int32(at: 0))",
        expected: "348 (the size of a NIfTI-1 header)")
    }
    switch Array(bytes[344..<348]) {
    case Array("n+1\0".utf8): break
    case Array("ni1\0".utf8):
      throw .unsupported(
        path: path, reason: "its voxels lie in a second file; convert it to a single .nii file")
    default:
      throw .wrongMagic(path: path, found: "another mark at byte 344", expected: "“n+1”")
    }
    extents = try Self.extents(header, path: path)
    let code = header.int16(at: 70)
    guard let voxel = NIfTIVoxel(rawValue: code) else {
      throw .unsupported(path: path, reason: "voxels of data type \(code) aren't read")
    }
    guard header.int16(at: 72) == 8 * voxel.bytes else {
      throw .malformed(
        path: path, at: "bitpix",
        reason: "\(header.int16(at: 72)) bits don't go with data type \(code)")
    }
    let offset = header.float(at: 108)
    guard offset >= 352, offset < 0x1p31, offset == offset.rounded() else {
      throw .malformed(path: path, at: "vox_offset", reason: "\(offset) isn't a byte from 352 on")
    }
    let slope = header.float(at: 112)
    let intercept = header.float(at: 116)
    // The standard: a slope of 0 means no scaling. Tools also write NaN for it.
    let isScaled = slope.isFinite && slope != 0
    self.voxel = voxel
    isBigEndian = header.isBigEndian
    voxelOffset = Int(offset)
    self.slope = isScaled ? slope : 1
    self.intercept = isScaled && intercept.isFinite ? intercept : 0
  }

  private static func extents(_ header: OrderedBytes, path: String) throws(DatasetError) -> [Int] {
    let axes = header.int16(at: 40)
    guard (1...7).contains(axes) else {
      throw .malformed(path: path, at: "dim[0]", reason: "\(axes) axes aren't 1 … 7")
    }
    let extents = (1...7).map { $0 <= axes ? header.int16(at: 40 + 2 * $0) : 1 }
    guard extents.allSatisfy({ $0 > 0 }) else {
      throw .malformed(path: path, at: "dim", reason: "an extent in \(extents) isn't positive")
    }
    guard extents[4...].allSatisfy({ $0 == 1 }) else {
      throw .unsupported(path: path, reason: "more than four axes, \(extents), aren't read")
    }
    return Array(extents[..<4])
  }
}
