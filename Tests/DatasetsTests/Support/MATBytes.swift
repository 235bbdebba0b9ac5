import CZlib

/// Builds the elements of MATLAB 5 files.
enum MATBytes {
  /// A file with one variable, packed or not.
  static func file(_ variable: [UInt8], packed: Bool) -> [UInt8] {
    let header = Array("MATLAB 5.0 MAT-file".utf8)
    return header + Array(repeating: 32, count: 124 - header.count) + [0, 1]
      + Array("IM".utf8) + (packed ? element(15, deflated(variable), padded: false) : variable)
  }

  /// An element of data type `type`; as short as it can be.
  static func element(_ type: Int, _ data: [UInt8], padded: Bool = true) -> [UInt8] {
    if (1...4).contains(data.count), type != 15 {
      return word(type | data.count << 16) + data + Array(repeating: 0, count: 4 - data.count)
    }
    return word(type) + word(data.count) + data
      + Array(repeating: 0, count: padded ? -data.count & 7 : 0)
  }

  /// A structure of one element.
  static func structure(_ name: String, _ fields: [(String, [UInt8])]) -> [UInt8] {
    let names = fields.flatMap {
      Array($0.0.utf8) + Array(repeating: 0, count: 16 - $0.0.utf8.count)
    }
    return element(
      14,
      element(6, word(2) + word(0)) + element(5, word(1) + word(1))
        + element(1, Array(name.utf8)) + element(5, word(16)) + element(1, names)
        + fields.flatMap(\.1))
  }

  /// A table of numbers, column by column, stored as data type `type` of `width` bytes.
  static func table(_ rows: Int, _ columns: Int, _ values: [Int], type: Int = 2, width: Int = 1)
    -> [UInt8]
  {
    element(
      14,
      element(6, word(9) + word(0)) + element(5, word(rows) + word(columns)) + element(1, [])
        + element(
          type,
          values.flatMap { value in
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
          }))
  }

  private static func word(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(size))
    compress(&packed, &size, bytes, UInt(bytes.count))
    return Array(packed.prefix(Int(size)))
  }
}
