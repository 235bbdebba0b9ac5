import Digests
import Federation
import Wire

/// The segments that a worker's clients are receiving or hold, each kept once.
struct SegmentStore {
  /// What came of a chunk.
  enum Outcome: Equatable {
    /// It was kept, or was known already.
    case kept
    /// It made the segment complete, but the bytes don't have the digest: all are dropped.
    case damaged(Digest)
    /// No client waits for this segment, or the chunk goes beyond it.
    case unwanted
  }

  private struct Assembly {
    let segment: Segment
    var bytes: [UInt8]
    var missing: RangeSet<Int>
  }

  private var assemblies: [Digest: Assembly] = [:]
  private var complete: [Digest: StoredSegment] = [:]
  private var digests: [UInt64: Digest] = [:]

  /// Makes room for `segment`, unless it is here.
  mutating func open(_ segment: Segment) {
    guard complete[segment.digest] == nil, assemblies[segment.digest] == nil else { return }
    digests[segment.digest.prefix] = segment.digest
    assemblies[segment.digest] = Assembly(
      segment: segment, bytes: Array(repeating: 0, count: segment.length),
      missing: RangeSet(0..<segment.length))
  }

  /// Keeps a chunk of the segment whose digest begins with `prefix`.
  mutating func put(_ prefix: UInt64, offset: Int, _ chunk: UnsafeRawBufferPointer) -> Outcome {
    guard let digest = digests[prefix] else { return .unwanted }
    let range = offset..<offset + chunk.count
    guard var assembly = assemblies.removeValue(forKey: digest) else {
      return complete[digest] == nil ? .unwanted : .kept
    }
    guard range.upperBound <= assembly.bytes.count else {
      assemblies[digest] = assembly
      return .unwanted
    }
    // SAFETY: the range was checked against the array, whose count is that of the segment.
    unsafe assembly.bytes.withUnsafeMutableBytes { bytes in
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range]).copyMemory(from: chunk)
    }
    assembly.missing.remove(contentsOf: range)
    guard assembly.missing.isEmpty else {
      assemblies[digest] = assembly
      return .kept
    }
    guard Digest(of: assembly.bytes) == digest else {
      open(assembly.segment)
      return .damaged(digest)
    }
    complete[digest] = StoredSegment(
      name: assembly.segment.name, codec: assembly.segment.codec, bytes: assembly.bytes)
    return .kept
  }

  /// The complete segment of this digest.
  func segment(_ digest: Digest) -> StoredSegment? { complete[digest] }

  /// Forgets all segments but these.
  mutating func keep(only wanted: Set<Digest>) {
    assemblies = assemblies.filter { wanted.contains($0.key) }
    complete = complete.filter { wanted.contains($0.key) }
    digests = digests.filter { wanted.contains($0.value) }
  }
}
