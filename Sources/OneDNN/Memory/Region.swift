/// A part of a storage; keeps the storage alive.
package struct Region {
  /// What it is a part of.
  package let storage: Storage
  /// Where it begins, in bytes.
  package let byteOffset: Int
  /// Its length in bytes.
  package let byteCount: Int

  /// The bytes from `byteOffset` on.
  package init(storage: Storage, byteOffset: Int, byteCount: Int) {
    precondition(
      byteOffset >= 0 && byteCount >= 0 && byteOffset + byteCount <= storage.byteCount,
      "bytes \(byteOffset)+\(byteCount) of a storage of \(storage.byteCount)")
    self.storage = storage
    self.byteOffset = byteOffset
    self.byteCount = byteCount
  }

  /// The part of this region that begins after `byteOffset` bytes.
  package func part(at byteOffset: Int, byteCount: Int) -> Region {
    precondition(byteOffset + byteCount <= self.byteCount, "a part beyond its region")
    return Region(
      storage: storage, byteOffset: self.byteOffset + byteOffset, byteCount: byteCount)
  }

  /// The address of the first byte, valid while the storage lives.
  package var address: UnsafeMutableRawPointer { storage.base + byteOffset }

  /// The region as floats, valid while the storage lives.
  package var floats: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: address.assumingMemoryBound(to: Float.self),
      count: byteCount / MemoryLayout<Float>.stride)
  }

  /// Copies `scalars` to the region's beginning.
  package func write(_ scalars: [Float], count: Int) {
    precondition(count <= scalars.count && count * 4 <= byteCount, "\(count) scalars don't fit")
    scalars.withUnsafeBytes {
      address.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(address), byteCount: count * 4)
    }
  }

  /// A copy of the first `count` floats.
  package func read(count: Int) -> [Float] {
    precondition(count * 4 <= byteCount, "\(count) scalars of a region of \(byteCount) bytes")
    return withExtendedLifetime(storage) { Array(floats.prefix(count)) }
  }

  /// Sets every byte to zero.
  package func clear() {
    address.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }
}
