import CZstd

/// Whole-buffer Zstandard compression (RFC 8878).
enum Zstandard {
  /// The speed's level: above it, codes that are near random already shrink no further.
  private static let level: CInt = 3

  /// The compressed bytes; nil unless they are fewer.
  static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    guard !bytes.isEmpty else { return nil }
    // SAFETY: reads all bytes and writes at most as many as there is room for, one less than came
    // in.
    let compressed = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count - 1) { room, filled in
      let size = unsafe ZSTD_compress(
        room.baseAddress, bytes.count - 1, bytes, bytes.count, level)
      filled = ZSTD_isError(size) == 0 ? size : 0
    }
    return compressed.isEmpty ? nil : compressed
  }

  /// The expanded bytes, refused if corrupt or more than `capacity`.
  static func expand(
    _ compressed: ArraySlice<UInt8>, capacity: Int
  ) throws(CodecError) -> [UInt8] {
    var isCorrupt = false
    // SAFETY: reads the slice's bytes and writes at most `capacity`, for which there is room.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { room, filled in
      let size = unsafe compressed.withUnsafeBufferPointer { source in
        unsafe ZSTD_decompress(room.baseAddress, capacity, source.baseAddress, source.count)
      }
      isCorrupt = ZSTD_isError(size) != 0
      filled = isCorrupt ? 0 : size
    }
    guard !isCorrupt else { throw .corruptCompression }
    return bytes
  }
}
