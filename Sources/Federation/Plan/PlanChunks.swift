package import Bytes
package import Wire

/// A range of a plan, cut into the chunks that carry it to one worker.
package struct PlanChunks: Sequence, Hashable, Sendable {
  /// The plan.
  package let plan: PlanBytes
  private let range: Range<Int>
  private let header: Header
  private let chunkBytes: Int

  /// The chunks of `range` of a plan, each under `header` and with a payload of at most
  /// `chunkBytes`.
  package init(of plan: PlanBytes, _ range: Range<Int>, header: Header, chunkBytes: Int) {
    precondition(chunkBytes > 0, "chunks of \(chunkBytes) bytes")
    self.plan = plan
    self.range = range.clamped(to: 0..<plan.count)
    self.header = header
    self.chunkBytes = chunkBytes
  }

  package struct Iterator: IteratorProtocol {
    let chunks: PlanChunks
    var start: Int

    package mutating func next() -> PlanPiece? {
      guard start < chunks.range.upperBound else { return nil }
      let range = start..<Swift.min(start + chunks.chunkBytes, chunks.range.upperBound)
      start = range.upperBound
      let chunk = PlanChunk(
        digest: chunks.plan.digest, total: chunks.plan.count, offset: range.lowerBound,
        length: range.count)
      return PlanPiece(message: Message(chunks.header, .planChunk(chunk)), range: range)
    }
  }

  package func makeIterator() -> Iterator { Iterator(chunks: self, start: range.lowerBound) }
}

/// A message that carries a part of a plan.
package struct PlanPiece: Hashable, Sendable {
  /// The message, with the chunk's place and length.
  package let message: Message<Downlink>
  /// The bytes that are its payload.
  package let range: Range<Int>

  /// The envelope frame of this piece of `bytes`, the plan's.
  package func envelope(over bytes: SharedBuffer) -> [UInt8] {
    // SAFETY: the bytes are read only within the closure.
    unsafe bytes.frame(of: range) { unsafe Envelope.frame(message, payload: $0) }
  }
}
