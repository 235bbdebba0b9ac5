import Bytes

/// The elements of a MATLAB 5 file (MathWorks, "MAT-File Format", 2004), in order, little-endian.
struct MATStream: ~Copyable {
  private var bytes: InflatedBytes

  /// The tag before an element's data.
  struct Tag {
    /// The data type: 14 for a matrix.
    let type: Int
    /// The number of bytes of the data.
    let size: Int
    /// The data itself where it is so short that it lies in the tag.
    let small: [UInt8]?
  }

  /// The header before a matrix' values.
  struct Matrix {
    /// The array class: 2 for a structure, 6 … 15 for numbers.
    let kind: Int
    /// The extents.
    let extents: [Int]

    /// The number of values; nil where that overflows.
    var count: Int? {
      var count = 1
      for extent in extents {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard !overflow else { return nil }
        count = product
      }
      return count
    }
  }

  /// The first variable of the file at `path`.
  init(path: String, limit: Int) throws(DatasetError) {
    bytes = try Self.open(path, limit: limit)
  }

  private static func open(_ path: String, limit: Int) throws(DatasetError) -> InflatedBytes {
    var file = try ByteFile(path: path, limit: limit)
    let header = OrderedBytes(try file.read(128))
    guard !header.bytes.starts(with: Array("MATLAB 7.3".utf8)) else {
      throw .unsupported(
        path: path, reason: "this is a MATLAB 7.3 file, an HDF5 one; save it with “-v7”")
    }
    guard header.bytes[126...] == [UInt8(ascii: "I"), UInt8(ascii: "M")],
      header.int16(at: 124) == 0x100
    else {
      throw .wrongMagic(
        path: path, found: "another version or byte order at byte 124",
        expected: "a little-endian MATLAB 5 header")
    }
    let tag = OrderedBytes(try file.read(8))
    let size = Int(tag.unsigned(at: 4, width: 4))
    switch tag.unsigned(at: 0, width: 4) {
    case 14:
      return InflatedBytes(plain: file)
    case 15:
      var bytes = try InflatedBytes(packed: file, count: size)
      let inner = try Self.tag(&bytes)
      guard inner.type == 14 else { throw malformed(path, "the variable isn't a matrix") }
      return bytes
    case let type: throw malformed(path, "element type \(type) in a variable's place")
    }
  }

  /// The path of the file.
  var path: String { bytes.path }

  /// The error for a broken rule.
  func malformed(_ reason: String) -> DatasetError { Self.malformed(path, reason) }

  /// Reads the flags, extents and name that a matrix begins with.
  mutating func matrix() throws(DatasetError) -> Matrix {
    let flags = try data(atMost: 8)
    guard flags.bytes.count == 8 else { throw malformed("wrong array flags") }
    let extents = try data(atMost: 256)
    _ = try data(atMost: 4096)
    guard extents.bytes.count >= 8, extents.bytes.count.isMultiple(of: 4) else {
      throw malformed("extents of \(extents.bytes.count) bytes")
    }
    return Matrix(
      kind: Int(flags.bytes[0]),
      extents: stride(from: 0, to: extents.bytes.count, by: 4).map {
        max(0, extents.int32(at: $0))
      })
  }

  /// Reads the fields of a structure of one element and calls `field` with each name and the size
  /// of its matrix.
  ///
  /// `field` must take the matrix' bytes, all of them.
  mutating func structure(
    _ field: (String, Int, inout MATStream) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    let matrix = try matrix()
    guard matrix.kind == 2, matrix.count == 1 else {
      throw malformed("a structure of one element expected")
    }
    let length = try data(atMost: 8)
    guard length.bytes.count == 4, case let width = length.int32(at: 0), (1...64).contains(width)
    else {
      throw malformed("a wrong length of field names")
    }
    let names = try data(atMost: 4096).bytes
    guard names.count.isMultiple(of: width) else { throw malformed("wrong field names") }
    for start in stride(from: 0, to: names.count, by: width) {
      let name = names[start..<start + width].prefix { $0 != 0 }
      let tag = try Self.tag(&bytes)
      guard tag.type == 14, tag.small == nil else { throw malformed("a field isn't a matrix") }
      try field(String(decoding: name, as: UTF8.self), tag.size, &self)
    }
  }

  /// Refuses a variable that goes on after what was read.
  mutating func expectEnd() throws(DatasetError) { try bytes.expectEnd() }

  /// Passes over `size` bytes.
  mutating func skip(_ size: Int) throws(DatasetError) { try bytes.skip(size) }

  /// Reads a matrix of integers and hands over each column.
  ///
  /// - Returns: The matrix' extents, rows and columns.
  mutating func columns(
    _ column: (_ index: Int, _ values: [Int]) throws(DatasetError) -> Void
  ) throws(DatasetError) -> (rows: Int, columns: Int) {
    let matrix = try matrix()
    guard (6...15).contains(matrix.kind), matrix.extents.count == 2, let count = matrix.count else {
      throw malformed("a table of numbers expected")
    }
    let tag = try Self.tag(&bytes)
    guard let width = Self.widths[tag.type], tag.size == count.multipliedClamped(by: width) else {
      throw malformed("\(tag.size) bytes of type \(tag.type) for \(count) numbers")
    }
    let (rows, columns) = (matrix.extents[0], matrix.extents[1])
    if tag.small == nil { try bytes.checkRoom(for: tag.size) }
    for index in 0..<(rows > 0 ? columns : 0) {
      let stored: [UInt8]
      if let small = tag.small {
        stored = Array(small[index * rows * width..<(index + 1) * rows * width])
      } else {
        stored = try bytes.read(rows * width)
      }
      try column(index, try integers(stored, type: tag.type, width: width))
    }
    if tag.small == nil { try bytes.skip(-tag.size & 7) }
    return (rows, columns)
  }

  private func integers(_ stored: [UInt8], type: Int, width: Int) throws(DatasetError) -> [Int] {
    if type == 2 { return stored.map(Int.init) }
    let ordered = OrderedBytes(stored)
    var values: [Int] = []
    values.reserveCapacity(stored.count / width)
    for offset in stride(from: 0, to: stored.count, by: width) {
      let bits = ordered.unsigned(at: offset, width: width)
      let value: Int? =
        switch type {
        case 1: Int(Int8(truncatingIfNeeded: bits))
        case 3: Int(Int16(truncatingIfNeeded: bits))
        case 5: Int(Int32(truncatingIfNeeded: bits))
        case 7: Int(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case 9: Int(exactly: Double(bitPattern: bits))
        default: Int(exactly: bits)
        }
      guard let value else {
        throw malformed("a value isn't a whole number, as labels, writers and pixels are")
      }
      values.append(value)
    }
    return values
  }

  /// The bytes of a number, by data type.
  private static let widths = [1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8]

  private mutating func data(atMost most: Int) throws(DatasetError) -> OrderedBytes {
    let tag = try Self.tag(&bytes)
    if let small = tag.small { return OrderedBytes(small) }
    guard tag.size <= most else { throw malformed("\(tag.size) bytes where \(most) suffice") }
    let data = try bytes.read(tag.size)
    try bytes.skip(-tag.size & 7)
    return OrderedBytes(data)
  }

  private static func tag(_ bytes: inout InflatedBytes) throws(DatasetError) -> Tag {
    let tag = OrderedBytes(try bytes.read(8))
    let size = Int(tag.unsigned(at: 2, width: 2))
    guard size > 0 else {
      return Tag(
        type: Int(tag.unsigned(at: 0, width: 4)), size: Int(tag.unsigned(at: 4, width: 4)),
        small: nil)
    }
    guard size <= 4 else { throw malformed(bytes.path, "a short element of \(size) bytes") }
    return Tag(
      type: Int(tag.unsigned(at: 0, width: 2)), size: size, small: Array(tag.bytes[4..<4 + size]))
  }

  private static func malformed(_ path: String, _ reason: String) -> DatasetError {
    .malformed(
      path: path, at: "MATLAB element", reason: reason,
      remedy: "compare it with the file that NIST publishes, or save it as that is, with “-v7”")
  }
}

extension Int {
  /// The product with `factor`, or the largest number where it doesn't fit.
  fileprivate func multipliedClamped(by factor: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }
}
