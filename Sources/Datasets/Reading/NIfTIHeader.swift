import Bytes

/// The header of a NIfTI-1 volume, 348 bytes of either byte order.
///
/// Offsets and codes are those of the format's own `nifti1.h` (https://nifti.nimh.nih.gov/nifti-1).
struct NIfTIHeader {
  /// The extents along x, y, z and the fourth axis, x varying fastest.
  let extents: [Int]
  /// The storage of a voxel.
  let voxel: NIfTIVoxel
  /// True if numbers have their most significant byte first.
  let isBigEndian: Bool
  /// True if the voxels lie in a file of their own, an `.img` beside the `.hdr`.
  let isPair: Bool
  /// The place of the first voxel in its file, in bytes.
  let voxelOffset: Int
  /// The places of the voxels in space.
  let grid: VoxelGrid
  /// The factor to stored values; 1 where the header says nothing useful.
  let slope: Float
  /// The number that is then added.
  let intercept: Float

  /// The bytes of a header.
  static let size = 348

  /// Reads the header of the file at `path` from its first ``size`` bytes.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    var header = OrderedBytes(bytes)
    if header.int32(at: 0) != Self.size { header.isBigEndian = true }
    guard header.int32(at: 0) == Self.size else {
      header.isBigEndian = false
      if [540, 0x1C02_0000].contains(header.int32(at: 0)) {
        throw .unsupported(
          path: path,
          reason: "this is NIfTI-2; save it as NIfTI-1, as with nibabel's Nifti1Image.from_image")
      }
      throw .wrongMagic(
        path: path, found: "the number \(header.int32(at: 0))",
        expected: "348 (the size of a NIfTI-1 header)")
    }
    isPair = try Self.isPair(bytes, path: path)
    extents = try Self.extents(header, path: path)
    let code = header.int16(at: 70)
    guard let voxel = NIfTIVoxel(rawValue: code) else {
      throw .unsupported(
        path: path,
        reason: "voxels of data type \(code)\(Self.name(of: code)) aren't read; "
          + "save it with one real number for each voxel, as int16 or float32")
    }
    guard header.int16(at: 72) == 8 * voxel.bytes else {
      throw .malformed(
        path: path, at: "bitpix",
        reason: "\(header.int16(at: 72)) bits don't go with data type \(code)")
    }
    let offset = header.float(at: 108)
    let least: Float = isPair ? 0 : 352
    guard offset >= least, offset < 0x1p31, offset == offset.rounded() else {
      throw .malformed(
        path: path, at: "vox_offset", reason: "\(offset) isn't a byte from \(Int(least)) on")
    }
    let slope = header.float(at: 112)
    let intercept = header.float(at: 116)
    // The standard: a slope of 0 means no scaling. Tools also write NaN for it.
    let isScaled = slope.isFinite && slope != 0
    grid = try Self.grid(header, extents: Array(extents.prefix(3)), path: path)
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
      throw .unsupported(
        path: path,
        reason: "more than four axes, \(extents), aren't read; "
          + "save modalities along the fourth axis, where an image has several")
    }
    return Array(extents[..<4])
  }
}

extension NIfTIHeader {
  /// True if the mark says that the voxels lie in a second file.
  private static func isPair(_ bytes: [UInt8], path: String) throws(DatasetError) -> Bool {
    switch Array(bytes[344..<348]) {
    case Array("n+1\0".utf8): return false
    case Array("ni1\0".utf8):
      guard pairedPaths(path) != nil else {
        throw .unsupported(
          path: path,
          reason: "this is a header whose voxels lie in a second file, but it isn't called .hdr; "
            + "save both as one .nii file")
      }
      return true
    default:
      guard pairedPaths(path) == nil else {
        throw .unsupported(
          path: path,
          reason: "this is an ANALYZE 7.5 header, which doesn't say where left and right are; "
            + "save the image as NIfTI-1, as with nibabel's Nifti1Image.from_image")
      }
      throw .wrongMagic(path: path, found: "another mark at byte 344", expected: "“n+1”")
    }
  }

  /// The paths at which the voxels of the header at `path` may lie; nil if that isn't one of a
  /// pair.
  static func pairedPaths(_ path: String) -> [String]? {
    guard let ending = [".hdr", ".hdr.gz"].first(where: { path.hasSuffix($0) }) else { return nil }
    let stem = path.dropLast(ending.count)
    return ["\(stem).img", "\(stem).img.gz"]
  }

  /// The format's name of a data type that isn't read, in brackets; nothing if it has no name.
  private static func name(of code: Int) -> String {
    let names = [
      1: "single bits", 32: "complex64", 128: "RGB colours", 1536: "float128", 1792: "complex128",
      2048: "complex256", 2304: "RGBA colours",
    ]
    return names[code].map { " (\($0))" } ?? ""
  }

  /// The grid of sform, else of qform, else of the voxels' distances alone.
  private static func grid(
    _ header: OrderedBytes, extents: [Int], path: String
  ) throws(DatasetError) -> VoxelGrid {
    func number(_ offset: Int) -> Double { Double(header.float(at: offset)) }
    // An axis of one voxel needs no distance.
    let spacing = (1...3).map { axis in
      let distance = abs(number(76 + 4 * axis))
      return distance.isFinite && distance > 0 ? distance : 1
    }
    let (qform, sform) = (header.int16(at: 252), header.int16(at: 254))
    if sform > 0 {
      let rows = (0..<3).map { row in (0..<4).map { number(280 + 16 * row + 4 * $0) } }
      if let grid = VoxelGrid(extents: extents, affine: rows) { return grid }
    }
    if qform > 0 {
      let rotation = rotation(b: number(256), c: number(260), d: number(264))
      let factor = number(76) < 0 ? -1.0 : 1
      let rows = (0..<3).map { row in
        (0..<3).map { rotation[row][$0] * spacing[$0] * ($0 == 2 ? factor : 1) }
          + [number(268 + 4 * row)]
      }
      if let grid = VoxelGrid(extents: extents, affine: rows) { return grid }
    }
    guard sform <= 0, qform <= 0 else {
      throw .malformed(
        path: path, at: sform > 0 ? "sform" : "qform",
        reason: "it maps voxels to no place in space",
        remedy: "write the affine of the scanner's image into it, or sform_code and qform_code 0")
    }
    return VoxelGrid(extents: extents, spacing: spacing)
  }

  /// The rotation of the unit quaternion with the given imaginary part, as `nifti1.h` has it.
  private static func rotation(b: Double, c: Double, d: Double) -> [[Double]] {
    let squares = b * b + c * c + d * d
    // So near to one it is half a turn, and not one but for rounding.
    let isHalfTurn = 1 - squares < 1e-7
    let length = isHalfTurn ? squares.squareRoot() : 1
    let (a, b, c, d) = (
      isHalfTurn ? 0 : (1 - squares).squareRoot(), b / length, c / length, d / length
    )
    return [
      [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
      [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
      [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
  }
}

/// The storage of a voxel in NIfTI-1; the raw values are the format's `datatype` codes.
enum NIfTIVoxel: Int {
  case uint8 = 2
  case int16 = 4
  case int32 = 8
  case float32 = 16
  case float64 = 64
  case int8 = 256
  case uint16 = 512
  case uint32 = 768
  case int64 = 1024
  case uint64 = 1280

  /// The bytes of one voxel.
  var bytes: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// True if it is stored as a floating-point number.
  var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The value whose bytes, most significant first, are the low ones of `bits`.
  func value(_ bits: UInt64) -> Float {
    switch self {
    case .uint8, .uint16, .uint32, .uint64: Float(bits)
    case .int8: Float(Int8(truncatingIfNeeded: bits))
    case .int16: Float(Int16(truncatingIfNeeded: bits))
    case .int32: Float(Int32(truncatingIfNeeded: bits))
    case .int64: Float(Int64(bitPattern: bits))
    case .float32: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    case .float64: Float(Double(bitPattern: bits))
    }
  }
}
