package import Bytes

/// The text of a plan as workers fetch it, named by its digest.
package struct PlanBytes: Sendable {
  /// The most bytes of a plan that a worker takes.
  package static let limit = 1 << 20

  /// The bytes of the text.
  package let bytes: SharedBuffer
  /// Their SHA-256 digest.
  package let digest: Digest

  /// The plan of a text.
  package init(_ text: String) { self.init(Array(text.utf8)) }

  /// The plan of the bytes of a text.
  init(_ bytes: [UInt8]) {
    self.bytes = SharedBuffer(bytes)
    digest = Digest(of: bytes)
  }

  /// The number of bytes.
  package var count: Int { bytes.count }

  /// The text; what isn't UTF-8 is replaced.
  package var text: String { String(decoding: bytes.bytes, as: UTF8.self) }
}

extension PlanBytes: Hashable {
  package static func == (one: PlanBytes, other: PlanBytes) -> Bool { one.digest == other.digest }

  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
