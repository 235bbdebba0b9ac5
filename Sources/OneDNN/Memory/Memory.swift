import COneDNN
import Glibc

/// A tensor: a descriptor bound to a region of memory.
package final class Memory {
  let handle: dnnl_memory_t
  /// Its shape and layout.
  package let descriptor: MemoryDescriptor
  /// The memory that holds its scalars.
  package private(set) var region: Region
  private let engine: Engine

  /// A tensor over `region`, which must be large enough.
  package init(
    _ descriptor: MemoryDescriptor, in region: Region, on engine: Engine
  ) throws(DNNLError) {
    precondition(
      region.byteCount >= descriptor.byteCount,
      "\(region.byteCount) bytes for a tensor of \(descriptor.byteCount)")
    var (raw, handle) = (descriptor.raw, nil as dnnl_memory_t?)
    try check("binding a tensor \(descriptor.dimensions)") {
      dnnl_memory_create(&handle, &raw, engine.handle, region.address)
    }
    guard let handle else { throw DNNLError(dnnl_runtime_error, during: "binding a tensor") }
    self.handle = handle
    self.descriptor = descriptor
    self.region = region
    self.engine = engine
  }

  deinit { dnnl_memory_destroy(handle) }
}

/// Memory of a fixed size, zeroed, aligned to a cache line, freed with its last user.
package final class Storage {
  /// The alignment of allocations, in bytes.
  package static let alignment = 64

  let base: UnsafeMutableRawPointer
  /// The size in bytes.
  package let byteCount: Int

  /// Zeroed memory for `byteCount` bytes, none of whose whole pages is resident before its first
  /// use: of what a plan sets aside, a batch may need a part.
  package init(byteCount: Int) {
    precondition(byteCount >= 0, "\(byteCount) bytes")
    self.byteCount = byteCount
    let size = max(byteCount, 1)
    base = .allocate(byteCount: size, alignment: Self.alignment)
    guard let pages = wholePages, discard() else {
      base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      return
    }
    base.initializeMemory(as: UInt8.self, repeating: 0, count: pages.lowerBound)
    (base + pages.upperBound).initializeMemory(
      as: UInt8.self, repeating: 0, count: size - pages.upperBound)
  }

  deinit { base.deallocate() }

  /// Gives its whole pages back to the system until they are used again: what lies on them is 0
  /// from now on, and the rest stays as it is.
  ///
  /// - Returns: False where the system refuses, and everything stays as it is.
  @discardableResult
  package func discard() -> Bool {
    guard let pages = wholePages else { return true }
    // SAFETY: the pages lie within this memory, which is the process's own and of no file.
    return madvise(base + pages.lowerBound, pages.count, MADV_DONTNEED) == 0
  }

  /// The bytes that lie on pages which are this memory's alone; nil where there are none.
  private var wholePages: Range<Int>? {
    let page = UInt(max(1, sysconf(Int32(_SC_PAGESIZE))))
    let address = UInt(bitPattern: base)
    let start = (address + page - 1) / page * page
    let end = (address + UInt(byteCount)) / page * page
    return end > start ? Int(start - address)..<Int(end - address) : nil
  }

  /// All of it.
  package var region: Region { Region(storage: self, byteOffset: 0, byteCount: byteCount) }
}

/// A part of a storage; keeps the storage alive.
package struct Region {
  /// The storage of which it is a part.
  package let storage: Storage
  /// Its first byte within the storage.
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
