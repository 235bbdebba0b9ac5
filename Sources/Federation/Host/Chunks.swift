package import Bytes
package import Wire

/// A range of a step to the model, cut into the chunks that carry it.
package struct ModelChunks: Sequence, Hashable, Sendable {
  /// The step.
  package let step: ModelPatch
  let range: Range<Int>
  let header: Header
  let chunkBytes: Int
  let isAligned: Bool
  /// The purpose for which clients get them.
  package let purpose: TaskPurpose

  /// The chunks of `range` of a step.
  ///
  /// - Parameters:
  ///   - step: The step.
  ///   - range: The bytes that are meant.
  ///   - header: The header of each chunk.
  ///   - chunkBytes: The largest payload.
  ///   - isAligned: Cuts where a broadcast of the whole step is cut, instead of from the range's
  ///     beginning: then a message may name more bytes than the part of them that lies in `range`.
  ///   - purpose: The purpose for which clients get them.
  package init(
    of step: ModelPatch, _ range: Range<Int>, header: Header, chunkBytes: Int,
    isAligned: Bool = false, for purpose: TaskPurpose = .training
  ) {
    precondition(chunkBytes > 0, "chunks of \(chunkBytes) bytes")
    self.step = step
    self.range = range.clamped(to: 0..<step.length)
    self.header = header
    self.chunkBytes = chunkBytes
    self.isAligned = isAligned
    self.purpose = purpose
  }

  package struct Iterator: IteratorProtocol {
    let chunks: ModelChunks
    var start: Int

    init(chunks: ModelChunks, start: Int) { (self.chunks, self.start) = (chunks, start) }

    package mutating func next() -> ModelChunk? {
      let (range, step) = (chunks.range, chunks.step)
      guard start < range.upperBound else { return nil }
      let bound = chunks.isAligned ? step.length : range.upperBound
      let whole = start..<Swift.min(start + chunks.chunkBytes, bound)
      start = whole.upperBound
      let body = Downlink.modelChunk(
        step: step.digest.prefix, offset: whole.lowerBound, length: whole.count)
      return ModelChunk(
        message: Message(chunks.header, body), range: whole.clamped(to: range))
    }
  }

  package func makeIterator() -> Iterator {
    let start = range.lowerBound
    return Iterator(chunks: self, start: isAligned ? start / chunkBytes * chunkBytes : start)
  }
}

/// A message that carries a part of a step.
package struct ModelChunk: Hashable, Sendable {
  /// The message, with the chunk's place and length.
  package let message: Message<Downlink>
  /// The bytes that are meant: its payload, or as much of that as was asked for.
  package let range: Range<Int>

  init(message: Message<Downlink>, range: Range<Int>) {
    (self.message, self.range) = (message, range)
  }

  /// The envelope frame of this chunk of `bytes`, the step's.
  package func envelope(over bytes: SharedBuffer) -> [UInt8] {
    // SAFETY: the bytes are read only within the closure.
    unsafe bytes.frame(of: range) { unsafe Envelope.frame(message, payload: $0) }
  }
}

/// A range of an update, cut into the chunks that carry it.
package struct UpdateChunks: Sequence, Hashable, Sendable {
  let range: Range<Int>
  let header: Header
  let chunkBytes: Int

  /// The chunks of `range` of an update, each under `header` and with a payload of at most
  /// `chunkBytes`.
  package init(of range: Range<Int>, header: Header, chunkBytes: Int) {
    precondition(chunkBytes > 0, "chunks of \(chunkBytes) bytes")
    self.range = range
    self.header = header
    self.chunkBytes = chunkBytes
  }

  package struct Iterator: IteratorProtocol {
    let chunks: UpdateChunks
    var start: Int

    init(chunks: UpdateChunks, start: Int) {
      (self.chunks, self.start) = (chunks, start)
    }

    package mutating func next() -> UpdateChunk? {
      guard start < chunks.range.upperBound else { return nil }
      let range = start..<Swift.min(start + chunks.chunkBytes, chunks.range.upperBound)
      start = range.upperBound
      let body = Uplink.updateChunk(offset: range.lowerBound, length: range.count)
      return UpdateChunk(message: Message(chunks.header, body), range: range)
    }
  }

  package func makeIterator() -> Iterator {
    Iterator(chunks: self, start: range.lowerBound)
  }
}

/// A message that carries a part of an update.
package struct UpdateChunk: Hashable, Sendable {
  /// The message, with the chunk's place and length.
  package let message: Message<Uplink>
  /// The bytes that are its payload.
  package let range: Range<Int>

  init(message: Message<Uplink>, range: Range<Int>) {
    (self.message, self.range) = (message, range)
  }

  /// The envelope frame of this chunk of `bytes`, the update's.
  package func envelope(over bytes: SharedBuffer) -> [UInt8] {
    // SAFETY: the bytes are read only within the closure.
    unsafe bytes.frame(of: range) { unsafe Envelope.frame(message, payload: $0) }
  }
}

extension SharedBuffer {
  /// The frame that `body` makes of a range of the bytes.
  func frame(
    of range: Range<Int>, by body: (UnsafeRawBufferPointer) -> [UInt8]
  ) -> [UInt8] {
    // SAFETY: the buffer outlives the closure, and slicing it checks the range.
    unsafe bytes.withUnsafeBytes { unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }
}

extension Message where Body == Downlink {
  /// The sizes of its frames when published under `topic`; the envelope's is the same for any
  /// payload's bytes.
  package func frameSizes(under topic: Topic, payload: Int? = nil) -> [Int] {
    let sizes = [topic.text.utf8.count, Envelope.frame(self).count]
    return payload.map { sizes + [$0] } ?? sizes
  }
}

extension Message where Body == Uplink {
  /// The sizes of its frames; the envelope's is the same for any payload's bytes.
  package func frameSizes(payload: Int? = nil) -> [Int] {
    let sizes = [Envelope.frame(self).count]
    return payload.map { sizes + [$0] } ?? sizes
  }
}
