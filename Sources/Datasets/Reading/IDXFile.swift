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
    guard magic[0] == 0, magic[1] == 0, magic[2] == 8, magic[3] == axes else {
      throw .wrongMagic(
        path: path, found: Self.hex(magic), expected: "00 00 08 0\(axes) (IDX, unsigned bytes)")
    }
    let header = try file.read(4 * axes)
    extents = (0..<axes).map { axis in
      Int(UInt32(bigEndianBytes: header[4 * axis..<4 * axis + 4]) ?? 0)
    }
    var size = 1
    for extent in extents {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      size = overflow ? .max : product
    }
    bytes = try file.read(size)
    try file.expectEnd()
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
