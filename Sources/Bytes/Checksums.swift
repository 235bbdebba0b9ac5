import CChecksums
import Crypto
public import Foundation

/// A SHA-256 digest (FIPS 180-4): names a model, a block or an update by its content.
public struct Digest: Hashable, Sendable {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// The digest of `data`.
  public init(of data: some DataProtocol) { bytes = Array(SHA256.hash(data: data)) }

  /// The digest of a text followed by floats of 32 bits, little-endian.
  public init(of text: String, followedBy scalars: [Float]) {
    var hasher = SHA256()
    hasher.update(data: Array(text.utf8))
    // SAFETY: the bytes are read only within the closure.
    unsafe scalars.withLittleEndianBytes { unsafe hasher.update(bufferPointer: $0) }
    bytes = Array(hasher.finalize())
  }

  /// A digest received as bytes; nil unless there are 32.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }

  /// A digest written as 64 hexadecimal digits; nil for anything else.
  public init?(hex: String) {
    let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == 64, hex.utf8.count == 64 else { return nil }
    bytes = (0..<32).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
  }

  /// The 64 lower-case hexadecimal digits.
  public var hex: String { Self.hex(bytes) }

  /// The first 16 hexadecimal digits: enough for a topic or a log line, not for trust.
  public var short: String { Self.hex(bytes.prefix(8)) }

  /// The first 8 bytes as a number, the first the most significant; chunks of a model carry it as
  /// its name.
  public var prefix: UInt64 { UInt64(bigEndianBytes: bytes.prefix(8)) ?? 0 }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return text
  }

  private static let digits: [Character] = Array("0123456789abcdef")
}

extension Digest: CustomStringConvertible {
  /// The hexadecimal digits.
  public var description: String { hex }
}

extension Digest: Codable {
  /// Decodes the 64 hexadecimal digits.
  ///
  /// - Throws: `DecodingError` for any other text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(hex: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a digest has 64 hexadecimal digits, not \(text)")
    }
    self = digest
  }

  /// Encodes the hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}

/// The SHA-256 digest of bytes that come part by part.
public struct RunningDigest: Sendable {
  private var hasher = SHA256()

  /// The digest of no bytes.
  public init() {}

  /// Goes on with `bytes`.
  public mutating func add(_ bytes: some DataProtocol) { hasher.update(data: bytes) }

  /// The digest of all bytes so far.
  public var digest: Digest { Digest(finalized: hasher.finalize()) }
}

extension Digest {
  fileprivate init(finalized digest: SHA256Digest) { bytes = Array(digest) }
}

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
