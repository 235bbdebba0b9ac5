public import Measures

/// How content is cut into messages, and what each of them adds on the wire.
public struct ChunkFraming: Hashable, Sendable {
  /// The most content of one message.
  public var size: ByteCount
  /// What a message adds to its content: topic, envelope and ZMTP framing.
  public var overhead: ByteCount

  /// Chunks of `size`, each `overhead` larger on the wire.
  public init(size: ByteCount = ByteCount(262_144), overhead: ByteCount) {
    precondition(size > .zero && overhead >= .zero, "chunks of \(size) plus \(overhead)")
    self.size = size
    self.overhead = overhead
  }

  /// What `payload` bytes of content are on the wire.
  public func wire(of payload: ByteCount) -> ByteCount {
    let chunks = payload.bytes / size.bytes + (payload.bytes % size.bytes > 0 ? 1 : 0)
    return ByteCount(payload.bytes + chunks * overhead.bytes)
  }
}
