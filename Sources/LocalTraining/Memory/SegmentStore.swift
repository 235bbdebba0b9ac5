package import Bytes
import Federation
package import Wire

/// The patches that a worker's clients are receiving, and the states that they hold, each kept
/// once.
package struct SegmentStore {
  /// The outcome of a chunk.
  package enum Outcome: Equatable {
    /// It was kept, or was known already.
    case kept
    /// It made the step complete, but the bytes don't have the digest: all are dropped.
    case damaged(Digest)
    /// No client waits for this step, or the chunk goes beyond it.
    case unwanted
  }

  private struct Assembly {
    let step: ModelPatch
    /// The bytes up to the last that came; zero where none has.
    var bytes: [UInt8] = []
    var missing: RangeSet<Int>

    init(_ step: ModelPatch) {
      self.step = step
      missing = RangeSet(0..<step.length)
    }
  }

  /// The most bytes that a step's first chunk makes room for.
  private static let mostReserved = 64 << 20

  private var assemblies: [Digest: Assembly] = [:]
  private var complete: [Digest: [UInt8]] = [:]
  private var digests: [UInt64: Digest] = [:]
  /// By the first 8 bytes of their digests.
  private var states: [UInt64: SegmentState] = [:]

  /// A store of nothing.
  package init() {}

  /// Takes chunks of `step` from now on, unless it is here.
  ///
  /// Memory is taken for what comes, not for what is announced.
  package mutating func open(_ step: ModelPatch) {
    guard complete[step.digest] == nil, assemblies[step.digest] == nil else { return }
    digests[step.digest.prefix] = step.digest
    assemblies[step.digest] = Assembly(step)
  }

  /// Keeps a chunk of the step whose digest begins with `prefix`.
  package mutating func put(_ prefix: UInt64, offset: Int, _ chunk: UnsafeRawBufferPointer)
    -> Outcome
  {
    guard let digest = digests[prefix] else { return .unwanted }
    let range = offset..<offset + chunk.count
    guard var assembly = assemblies.removeValue(forKey: digest) else {
      return complete[digest] == nil ? .unwanted : .kept
    }
    guard range.upperBound <= assembly.step.length else {
      assemblies[digest] = assembly
      return .unwanted
    }
    if assembly.bytes.isEmpty {
      assembly.bytes.reserveCapacity(min(assembly.step.length, Self.mostReserved))
    }
    if range.upperBound > assembly.bytes.count {
      assembly.bytes += repeatElement(0, count: range.upperBound - assembly.bytes.count)
    }
    // SAFETY: the array reaches to the end of the range at least.
    unsafe assembly.bytes.withUnsafeMutableBytes { bytes in
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range]).copyMemory(from: chunk)
    }
    assembly.missing.remove(contentsOf: range)
    guard assembly.missing.isEmpty else {
      assemblies[digest] = assembly
      return .kept
    }
    guard Digest(of: assembly.bytes) == digest else {
      open(assembly.step)
      return .damaged(digest)
    }
    complete[digest] = assembly.bytes
    return .kept
  }

  /// Holds the state of `segment`, to which a client has all steps, and what leads to it in one go.
  ///
  /// Other states of the segment are dropped, also where clients hold them: whoever goes on from
  /// such a one fetches all steps from it, and those that lead on from the newest are among them.
  package mutating func reach(_ segment: Segment) {
    let state = segment.state.prefix
    if states[state] == nil {
      var available = segment
      available.steps.removeAll { $0.length > 0 && complete[$0.digest] == nil }
      guard let path = available.path(from: states.keys) else { return }
      follow(path, to: segment)
    }
    let anchors = Set(segment.steps.filter { $0.to == state }.compactMap(\.from))
    states = states.filter {
      $0.value.name != segment.name || $0.key == state || anchors.contains($0.key)
    }
  }

  /// The state of this digest, if it was reached.
  package func state(_ digest: Digest) -> SegmentState? { states[digest.prefix] }

  /// Forgets all bytes but those of these steps, and all states of segments but these.
  package mutating func keep(steps: Set<Digest>, segments: Set<String>) {
    assemblies = assemblies.filter { steps.contains($0.key) }
    complete = complete.filter { steps.contains($0.key) }
    digests = digests.filter { steps.contains($0.value) }
    states = states.filter { segments.contains($0.value.name) }
  }

  /// Makes the states that the steps of `path` lead to, whose bytes are here.
  private mutating func follow(_ path: [ModelPatch], to segment: Segment) {
    for step in path {
      let isLast = step.to == segment.state.prefix
      states[step.to] = SegmentState(
        name: segment.name, digest: isLast ? segment.state : nil,
        base: step.from.flatMap { states[$0] }, codec: step.codec,
        bytes: complete[step.digest] ?? [])
    }
  }
}
