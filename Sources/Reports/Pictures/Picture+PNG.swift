import CZlib

extension Picture {
  /// The picture as a PNG file (ISO/IEC 15948): eight bits a colour, no filter, packed by zlib.
  package var png: [UInt8] {
    var header = Self.bigEndian(width) + Self.bigEndian(height)
    // Eight bits, red, green and blue, deflate, the standard filters, not interlaced.
    header += [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
      + Self.chunk("IDAT", Self.packed(scanlines)) + Self.chunk("IEND", [])
  }

  /// Length, kind, contents, and the checksum of the latter two.
  private static func chunk(_ kind: String, _ contents: [UInt8]) -> [UInt8] {
    let checked = Array(kind.utf8) + contents
    // SAFETY: the bytes are as many as is said.
    let checksum = unsafe checked.withUnsafeBufferPointer {
      unsafe crc32(0, $0.baseAddress, UInt32($0.count))
    }
    return bigEndian(contents.count) + checked + bigEndian(Int(checksum))
  }

  private static func packed(_ bytes: [UInt8]) -> [UInt8] {
    let limit = compressBound(UInt(bytes.count))
    // SAFETY: zlib writes no more than the bound, and tells how much.
    return unsafe Array(unsafeUninitializedCapacity: Int(limit)) { buffer, count in
      var length = limit
      let status = unsafe bytes.withUnsafeBufferPointer {
        unsafe compress2(buffer.baseAddress, &length, $0.baseAddress, UInt($0.count), 9)
      }
      precondition(status == Z_OK, "zlib can't pack \(bytes.count) bytes: \(status)")
      count = Int(length)
    }
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
