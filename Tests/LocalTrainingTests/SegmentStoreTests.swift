import Bytes
import Codecs
import LocalTraining
import Tensors
import Testing
import Wire

/// The steps that a worker's clients receive, and the states that they lead to.
struct SegmentStoreTests {
  private static let layout = ParameterLayout(
    name: "block1", parameters: [Parameter("weight", Shape([4]), role: .weight)])

  private static func vector(_ scalars: [Float]) -> ParameterVector {
    ParameterVector(layout: layout, scalars: scalars)
  }

  /// A step to the state of `values`, and its bytes.
  private static func step(
    to values: [Float], adding difference: [Float]? = nil, from base: [Float]? = nil
  ) throws -> (step: ModelPatch, bytes: [UInt8]) {
    let bytes = try UpdateCodec(.dense32).encode(vector(difference ?? values), key: 1)
    let step = ModelPatch(
      digest: Digest(of: bytes), length: bytes.count, codec: .values(.dense32),
      from: base.map { Digest(state: vector($0)).prefix }, to: Digest(state: vector(values)).prefix)
    return (step, bytes)
  }

  private static func segment(_ values: [Float], _ steps: [ModelPatch]) -> Segment {
    Segment(name: "block1", state: Digest(state: vector(values)), trained: true, steps: steps)
  }

  private static func put(
    _ bytes: some Collection<UInt8>, at offset: Int, of step: ModelPatch,
    in store: inout SegmentStore
  ) -> SegmentStore.Outcome {
    Array(bytes).withUnsafeBytes { store.put(step.digest.prefix, offset: offset, $0) }
  }

  private static func values(_ state: SegmentState?) throws -> [Float]? {
    try state?.values(layout: layout, smallTensorLimit: 0).scalars
  }

  @Test func `chunks in any order, and twice, make a step whole`() throws {
    var store = SegmentStore()
    let (step, bytes) = try Self.step(to: [1, 2, 3, 4])
    let segment = Self.segment([1, 2, 3, 4], [step])
    store.open(step)
    #expect(Self.put(bytes[5...], at: 5, of: step, in: &store) == .kept)
    store.reach(segment)
    #expect(store.state(segment.state) == nil)
    #expect(Self.put(bytes[3..<8], at: 3, of: step, in: &store) == .kept)
    #expect(Self.put(bytes[..<3], at: 0, of: step, in: &store) == .kept)
    #expect(Self.put(bytes[..<3], at: 0, of: step, in: &store) == .kept)
    store.reach(segment)
    #expect(try Self.values(store.state(segment.state)) == [1, 2, 3, 4])
  }

  @Test func `a damaged step is dropped whole, and can be fetched again`() throws {
    var store = SegmentStore()
    let (step, bytes) = try Self.step(to: [1, 2, 3, 4])
    store.open(step)
    var damaged = bytes
    damaged[bytes.count - 1] ^= 0x80
    #expect(Self.put(damaged, at: 0, of: step, in: &store) == .damaged(step.digest))
    #expect(Self.put(bytes, at: 0, of: step, in: &store) == .kept)
    store.reach(Self.segment([1, 2, 3, 4], [step]))
    #expect(try Self.values(store.state(Self.segment([1, 2, 3, 4], []).state)) == [1, 2, 3, 4])
  }

  @Test func `memory is taken for what comes, not for what is announced`() throws {
    var store = SegmentStore()
    var (step, bytes) = try Self.step(to: [1, 2, 3, 4])
    step.length = 1 << 47
    store.open(step)
    #expect(Self.put(bytes, at: 0, of: step, in: &store) == .kept)
    #expect(Self.put(bytes, at: (1 << 47) - 4, of: step, in: &store) == .unwanted)
  }

  @Test func `chunks that nobody waits for, or beyond a step, aren't wanted`() throws {
    var store = SegmentStore()
    let (step, bytes) = try Self.step(to: [1, 2, 3, 4])
    #expect(Self.put(bytes, at: 0, of: step, in: &store) == .unwanted)
    store.open(step)
    #expect(Self.put(bytes, at: 1, of: step, in: &store) == .unwanted)
    #expect(Self.put(bytes, at: 0, of: step, in: &store) == .kept)
    store.keep(steps: [], segments: ["block1"])
    #expect(Self.put(bytes, at: 0, of: step, in: &store) == .unwanted)
  }

  @Test func `differences lead on from a state, whose bytes needn't be here any more`() throws {
    var store = SegmentStore()
    let (keyframe, whole) = try Self.step(to: [1, 1, 1, 1])
    let (next, difference) = try Self.step(
      to: [1, 3, 1, 0], adding: [0, 2, 0, -1], from: [1, 1, 1, 1])
    store.open(keyframe)
    _ = Self.put(whole, at: 0, of: keyframe, in: &store)
    store.reach(Self.segment([1, 1, 1, 1], [keyframe]))
    store.keep(steps: [next.digest], segments: ["block1"])
    store.open(next)
    _ = Self.put(difference, at: 0, of: next, in: &store)
    let segment = Self.segment([1, 3, 1, 0], [keyframe, next])
    store.reach(segment)
    #expect(try Self.values(store.state(segment.state)) == [1, 3, 1, 0])
    store.keep(steps: [], segments: ["head1"])
    #expect(store.state(segment.state) == nil)
  }

  @Test func `a state whose values don't have its digest can't be trained from`() throws {
    var store = SegmentStore()
    let (wrong, bytes) = try Self.step(to: [1, 2, 3, 5], adding: [1, 2, 3, 4])
    store.open(wrong)
    _ = Self.put(bytes, at: 0, of: wrong, in: &store)
    let segment = Self.segment([1, 2, 3, 5], [wrong])
    store.reach(segment)
    let state = try #require(store.state(segment.state))
    #expect { try Self.values(state) } throws: {
      "\($0)".contains("aren't those that were announced")
    }
  }
}
