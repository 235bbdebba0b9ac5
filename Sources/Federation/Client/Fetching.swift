package import Bytes
import Measures
package import Wire

/// A client's download of the steps to its task's model.
package struct Fetching: Hashable, Sendable {
  /// The task whose model is fetched.
  package let task: ClientTask
  /// The parts of the steps that are still missing, by step; steps that are complete are left out.
  package private(set) var missing: [Digest: RangeSet<Int>]
  /// The steps whose chunks the client listens to.
  package let subscribed: Set<Digest>
  /// The parts that the client asked for last and still waits for.
  private var asked: [Digest: RangeSet<Int>] = [:]
  /// The time at which the client asks again for what is missing.
  package var wake: Duration

  /// All of a task's steps, whose chunks the client listens to.
  package init(_ task: ClientTask, wake: Duration) {
    self.task = task
    self.wake = wake
    missing = [:]
    for step in task.steps where step.length > 0 {
      missing[step.digest] = RangeSet(0..<step.length)
    }
    subscribed = Set(missing.keys)
  }

  /// Nothing of a task's steps, as all of them were here.
  package init(again task: ClientTask, wake: Duration) {
    self.task = task
    self.wake = wake
    missing = [:]
    subscribed = []
  }

  /// Nothing is missing any more.
  package var isComplete: Bool { missing.isEmpty }

  /// True if all of these steps are here.
  package func has(_ steps: [ModelPatch]) -> Bool { steps.allSatisfy { missing[$0.digest] == nil } }

  /// The consequence of a chunk.
  package enum Arrival: Hashable {
    /// The chunk belongs to no step that is missing.
    case isUseless
    /// The chunk is noted.
    case isNoted
    /// All that was asked for is here, and more is missing: the client asks on.
    case asksOn
  }

  /// Notes a chunk of the step whose digest begins with `step`.
  package mutating func receive(_ range: Range<Int>, of step: UInt64) -> Arrival {
    guard let digest = missing.keys.first(where: { $0.prefix == step }) else { return .isUseless }
    missing[digest]?.remove(contentsOf: range)
    if missing[digest]?.isEmpty == true { missing[digest] = nil }
    guard !missing.isEmpty, asked[digest] != nil else { return .isNoted }
    asked[digest]?.remove(contentsOf: range)
    if asked[digest]?.isEmpty == true { asked[digest] = nil }
    return asked.isEmpty ? .asksOn : .isNoted
  }

  /// Notes that a step's bytes are damaged: all of it is needed anew; nil if it isn't one of the
  /// task's.
  package mutating func lose(_ digest: Digest) -> ModelPatch? {
    asked = [:]
    guard let step = task.steps.first(where: { $0.digest == digest }) else { return nil }
    missing[digest] = RangeSet(0..<step.length)
    return step
  }

  /// Asks for the missing ranges in the steps' order, `window` bytes at most.
  package mutating func ask(window: Int) -> [Need] {
    var needs: [Need] = []
    var room = window
    for step in task.steps where room > 0 {
      guard let ranges = missing[step.digest]?.ranges else { continue }
      var asked: [Range<Int>] = []
      for range in ranges.prefix(ProtocolLimits.rangesPerMessage) where room > 0 {
        let end = min(range.upperBound, range.lowerBound + room)
        asked.append(range.lowerBound..<end)
        room -= end - range.lowerBound
      }
      needs.append(Need(digest: step.digest, ranges: asked))
    }
    asked = Dictionary(uniqueKeysWithValues: needs.map { ($0.digest, RangeSet($0.ranges)) })
    return needs
  }
}

/// The states of segments that a client holds.
package struct HeldStates: Hashable, Sendable {
  /// The segment of each state, by the first 8 bytes of the state's digest.
  private var segments: [UInt64: String] = [:]

  /// No states yet.
  package init() {}

  /// The segments of which there is a state.
  package var segmentNames: Set<String> { Set(segments.values) }

  /// The states.
  package var states: Set<UInt64> { Set(segments.keys) }

  /// True if the state that a segment is announced with is held.
  package func contains(_ segment: Segment) -> Bool { segments[segment.state.prefix] != nil }

  /// The steps that lead to a segment's state; nil if none do.
  package func path(to segment: Segment) -> [ModelPatch]? { segment.path(from: segments.keys) }

  /// The steps that are lacking to all of these segments, none twice; nil if they aren't known.
  package func steps(to segments: [Segment]) -> [ModelPatch]? {
    guard !segments.isEmpty else { return nil }
    var steps: [ModelPatch] = []
    var known: Set<Digest> = []
    for segment in segments {
      guard let path = path(to: segment) else { return nil }
      steps += path.filter { known.insert($0.digest).inserted }
    }
    return steps
  }

  /// Holds a segment's state, and what a step leads from to it in one go: an anchor may serve
  /// again.
  package mutating func reach(_ segment: Segment, by path: [ModelPatch]) {
    let passed = states.union(path.map(\.to))
    let anchors = segment.steps.filter { $0.to == segment.state.prefix }.compactMap(\.from)
      .filter(passed.contains)
    segments = segments.filter { $0.value != segment.name }
    for state in anchors + [segment.state.prefix] { segments[state] = segment.name }
  }

  /// Holds the states to which all steps were fetched, and names their segments.
  mutating func reach(_ fetching: Fetching) -> [Segment] {
    var reached: [Segment] = []
    for segment in fetching.task.segments where !contains(segment) {
      guard let path = path(to: segment), fetching.has(path) else { continue }
      reach(segment, by: path)
      reached.append(segment)
    }
    return reached
  }

  /// Forgets the state that a segment is announced with.
  package mutating func forget(_ segment: Segment) { segments[segment.state.prefix] = nil }

  /// Forgets what an announcement leaves no use for, if it lists segments, and says so.
  mutating func keep(for announce: Announce) -> [ClientAction] {
    guard !announce.segments.isEmpty, keep(announce.segments + announce.shallowHeads) else {
      return []
    }
    return [.keep(states)]
  }

  /// Forgets all states but those that are announced, or that an announced step begins from; false
  /// if none goes.
  package mutating func keep(_ announced: [Segment]) -> Bool {
    guard !segments.isEmpty else { return false }
    let named = Set(announced.flatMap { [$0.state.prefix] + $0.steps.compactMap(\.from) })
    let count = segments.count
    segments = segments.filter { named.contains($0.key) }
    return segments.count < count
  }
}
