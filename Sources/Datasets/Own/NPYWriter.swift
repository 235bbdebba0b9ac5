/// Arrays in NumPy's format (NEP 1), row-major and little-endian.
package enum NPYWriter {
  /// A file of bytes.
  package static func bytes(_ values: some Sequence<UInt8>, extents: [Int]) -> [UInt8] {
    header("|u1", extents) + values
  }

  /// A file of whole numbers of 16 bits.
  package static func words(_ values: some Sequence<UInt16>, extents: [Int]) -> [UInt8] {
    var bytes = header("<u2", extents)
    for value in values {
      bytes.append(UInt8(truncatingIfNeeded: value))
      bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }
    return bytes
  }

  /// A file of floating-point numbers of 32 bits.
  package static func floats(_ values: some Sequence<Float>, extents: [Int]) -> [UInt8] {
    var bytes = header("<f4", extents)
    for value in values {
      for shift in [0, 8, 16, 24] {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
      }
    }
    return bytes
  }

  /// A file of text, one word a sample.
  package static func text(_ words: [String]) -> [UInt8] {
    let width = max(1, words.map(\.unicodeScalars.count).max() ?? 1)
    var bytes = header("<U\(width)", [words.count])
    for word in words {
      let codes = word.unicodeScalars.map(\.value)
      for code in codes + Array(repeating: 0, count: width - codes.count) {
        for shift in [0, 8, 16, 24] {
          bytes.append(UInt8(truncatingIfNeeded: code >> UInt32(shift)))
        }
      }
    }
    return bytes
  }

  private static func header(_ element: String, _ extents: [Int]) -> [UInt8] {
    let shape = extents.map { "\($0)," }.joined(separator: " ")
    var text = "{'descr': '\(element)', 'fortran_order': False, 'shape': (\(shape)), }"
    // The values begin at a multiple of 64 bytes, as the format asks.
    text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
    let count = text.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)]
      + Array(text.utf8)
  }
}
