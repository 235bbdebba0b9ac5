/// An update that arrives at the broker in chunks.
package protocol UpdateAssembly {
  /// The part that one message brings.
  associatedtype Chunk

  /// Room for an update of `length` bytes, none of which is here.
  init(length: Int)

  /// Puts a chunk where it belongs.
  ///
  /// - Returns: False if it doesn't lie within the update, which is then as it was before.
  mutating func put(_ chunk: Chunk, at offset: Int) -> Bool
}

/// The bytes of an update that arrives in chunks; zero where none has come.
package struct UpdateBuffer<Chunk: ChunkBytes>: UpdateAssembly {
  /// The bytes.
  package private(set) var bytes: [UInt8]

  package init(length: Int) { bytes = Array(repeating: 0, count: length) }

  package mutating func put(_ chunk: Chunk, at offset: Int) -> Bool {
    let count = chunk.count
    guard offset >= 0, count <= bytes.count, offset <= bytes.count - count else { return false }
    // SAFETY: the place was checked to lie within the bytes, and has the chunk's size.
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe chunk.copy(
        to: UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + count]))
    }
    return true
  }
}

/// The bytes that a chunk brings, wherever they lie.
package protocol ChunkBytes {
  /// The number of bytes.
  var count: Int { get }

  /// Copies all bytes to a place of just their size.
  func copy(to place: UnsafeMutableRawBufferPointer)
}
