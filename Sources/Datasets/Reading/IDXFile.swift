import Bytes

/// The contents of one file in the IDX format of MNIST: unsigned bytes along one or more axes.
///
/// The header is big-endian: two zero bytes, the type (8 for unsigned bytes), the number of axes,
/// then each axis' extent in 32 bits (http://yann.lecun.com/exdb/mnist, "the IDX file format").
struct IDXFile {
  /// The extents, outermost first; the first counts the samples.
  let extents: [Int]
  /// The values, the last axis varying fastest.
  let bytes: [UInt8]

  /// Reads the file at `path`, plain or compressed, which must have `axes` axes.
  init(path: String, axes: Int, limit: Int = ByteFile.standardLimit) throws(DatasetError) {
    var file = try ByteFile(path: path, limit: limit)
    let magic = try file.read(4)
    try Self.check(magic, axes: axes, path: path)
    let size: Int
    (extents, size) = Self.extents(in: try file.read(4 * axes))
    bytes = try file.read(size)
    try file.expectEnd()
  }

  /// Refuses the first four bytes of another kind of file.
  static func check(_ magic: [UInt8], axes: Int, path: String) throws(DatasetError) {
    guard magic[0] == 0, magic[1] == 0, magic[2] == 8, magic[3] == axes else {
      throw .wrongMagic(
        path: path, found: hex(magic), expected: "00 00 08 0\(axes) (IDX, unsigned bytes)")
    }
  }

  /// The extents that the bytes `header` say, and the number of values.
  static func extents(in header: [UInt8]) -> (extents: [Int], size: Int) {
    let extents = (0..<header.count / 4).map { axis in
      Int(UInt32(bigEndianBytes: header[4 * axis..<4 * axis + 4]) ?? 0)
    }
    let size = extents.reduce(1) { size, extent in
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      return overflow ? .max : product
    }
    return (extents, size)
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension IDXFile {
  /// The values as classes counted from 0, where the file's first class is `first`.
  func labels(path: String, first: Int, classes: Int) throws(DatasetError) -> [UInt16] {
    var labels: [UInt16] = []
    labels.reserveCapacity(bytes.count)
    for (sample, byte) in bytes.enumerated() {
      let label = Int(byte) - first
      guard (0..<classes).contains(label) else {
        throw .labelOutOfRange(
          path: path, sample: sample, label: Int(byte), first: first, classes: classes)
      }
      labels.append(UInt16(label))
    }
    return labels
  }
}

/// The images of one file in the IDX format: in memory where the file is compressed, else in the
/// file, from which each is read when it is asked for.
struct IDXImages {
  /// The number of images, their rows and columns.
  let extents: [Int]
  private let bytes: [UInt8]
  private let file: OpenFile?
  /// The bytes before the first image.
  private static let start = 16

  /// Opens the file at `path`, which may take `limit` bytes unpacked.
  init(path: String, limit: Int) throws(DatasetError) {
    let file = try OpenFile(path: path, limit: limit)
    let head = try file.head(Self.start)
    guard !head.starts(with: [0x1F, 0x8B]) else {
      let whole = try IDXFile(path: path, axes: 3, limit: limit)
      (extents, bytes, self.file) = (whole.extents, whole.bytes, nil)
      return
    }
    guard head.count == Self.start else {
      throw .truncated(path: path, needed: Self.start, available: head.count)
    }
    try IDXFile.check(Array(head[..<4]), axes: 3, path: path)
    let (extents, size) = IDXFile.extents(in: Array(head[4...]))
    guard size <= file.size - Self.start else {
      throw .truncated(
        path: path, needed: size > .max - Self.start ? .max : size + Self.start,
        available: file.size)
    }
    guard size == file.size - Self.start else {
      throw .trailingBytes(path: path, expected: Self.start + size)
    }
    (self.extents, self.file, bytes) = (extents, file, [])
  }

  /// The bytes of one image.
  func image(_ index: Int) throws(DatasetError) -> [UInt8] {
    let length = extents[1] * extents[2]
    if let file { return try file.read(length, at: Self.start + index * length) }
    return Array(bytes[index * length..<(index + 1) * length])
  }
}
