/// Memory of a fixed size, zeroed, aligned to a cache line, freed with its last user.
package final class Storage {
  /// What starts here is aligned to this many bytes.
  package static let alignment = 64

  let base: UnsafeMutableRawPointer
  /// The size in bytes.
  package let byteCount: Int

  /// Zeroed memory for `byteCount` bytes.
  package init(byteCount: Int) {
    precondition(byteCount >= 0, "\(byteCount) bytes")
    self.byteCount = byteCount
    base = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 1))
  }

  deinit { base.deallocate() }

  /// All of it.
  package var region: Region { Region(storage: self, byteOffset: 0, byteCount: byteCount) }
}
