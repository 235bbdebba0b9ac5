import CChecksums

/// The CRC-32C checksum (Castagnoli; RFC 3720, appendix B.4).
public enum CRC32C {
  /// The checksum of `bytes`, continued from `start`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
    // SAFETY: the C function reads exactly `count` bytes from the base address, none when empty.
    unsafe progfed_crc32c(
      start, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
  }

  /// The checksum of `bytes`.
  public static func checksum(_ bytes: [UInt8]) -> UInt32 {
    // SAFETY: the pointer stays in the closure.
    unsafe bytes.withUnsafeBytes { unsafe checksum($0) }
  }
}
