import Bytes
import Federation
import Testing
import Wire

/// How steps and updates are cut into chunks, and put together again.
@Suite struct ChunkTests {
  private static let header = Header(run: 7, epoch: 2, round: 3, stage: 1)

  private static func step(length: Int) -> ModelPatch {
    Segment.keyframe("block1", 1, length: length).only
  }

  private func chunks(_ range: Range<Int>, of length: Int, isAligned: Bool = false) -> [ModelChunk]
  {
    Array(
      ModelChunks(
        of: Self.step(length: length), range, header: Self.header, chunkBytes: 32,
        isAligned: isAligned))
  }

  @Test(arguments: [0, 1, 31, 32, 33, 64, 100])
  func `the chunks of a step cover each of its bytes once, in order`(length: Int) {
    let chunks = chunks(0..<length, of: length)
    #expect(chunks.flatMap { Array($0.range) } == Array(0..<length))
    #expect(chunks.dropLast().allSatisfy { $0.range.count == 32 })
  }

  @Test func `a chunk names its step, its place and its length, under the given header`() {
    let chunks = chunks(10..<50, of: 100)
    let prefix = Self.step(length: 100).digest.prefix
    #expect(
      chunks.map(\.message) == [
        Message(Self.header, .modelChunk(step: prefix, offset: 10, length: 32)),
        Message(Self.header, .modelChunk(step: prefix, offset: 42, length: 8)),
      ])
  }

  @Test(arguments: [0..<100, 40..<41, 31..<33, 64..<100, 95..<100, 32..<64])
  func `aligned chunks are those of the broadcast that share bytes with the range`(
    range: Range<Int>
  ) {
    let broadcast = chunks(0..<100, of: 100)
    let lost = chunks(range, of: 100, isAligned: true)
    #expect(lost.map(\.message) == broadcast.filter { $0.range.overlaps(range) }.map(\.message))
    #expect(lost.flatMap { Array($0.range) } == Array(range))
  }

  @Test func `bytes beyond a step's end aren't sent`() {
    #expect(chunks(90..<200, of: 100).map(\.range) == [90..<100])
    #expect(chunks(150..<200, of: 100).isEmpty)
  }

  @Test func `the chunks of an update cover its range once, and no more`() {
    let chunks = Array(UpdateChunks(of: 5..<75, header: Self.header, chunkBytes: 32))
    #expect(chunks.map(\.range) == [5..<37, 37..<69, 69..<75])
    #expect(chunks.last?.message == Message(Self.header, .updateChunk(offset: 69, length: 6)))
  }

  @Test func `frames have the sizes of their topic, their envelope and their payload`() throws {
    let chunk = try #require(chunks(0..<20, of: 100).first)
    let topic = Topic.client(12)
    let bytes = SharedBuffer(Array(0..<100))
    let sizes = [topic.text.utf8.count, chunk.envelope(over: bytes).count, 20]
    #expect(chunk.message.frameSizes(under: topic, payload: 20) == sizes)
    #expect(chunk.message.frameSizes(under: topic) == Array(sizes.prefix(2)))
    let parts = Array(UpdateChunks(of: 30..<90, header: Self.header, chunkBytes: 64))
    let part = try #require(parts.first)
    #expect(part.message.frameSizes(payload: 60) == [part.envelope(over: bytes).count, 60])
  }

  @Test func `an envelope vouches for the bytes of its chunk alone`() throws {
    let chunk = try #require(chunks(10..<30, of: 100).first)
    var bytes = [UInt8](0..<100)
    let envelope = chunk.envelope(over: SharedBuffer(bytes))
    bytes[30] ^= 1
    #expect(chunk.envelope(over: SharedBuffer(bytes)) == envelope)
    bytes[29] ^= 1
    #expect(chunk.envelope(over: SharedBuffer(bytes)) != envelope)
  }

  @Test func `chunks in any order give the update`() {
    var buffer = UpdateBuffer<[UInt8]>(length: 10)
    for (offset, bytes) in [(7, [7, 8, 9]), (0, [0, 1, 2]), (3, [3, 4, 5, 6])] as [(Int, [UInt8])] {
      let fits = buffer.put(bytes, at: offset)
      #expect(fits)
    }
    #expect(buffer.bytes == Array(0..<10))
  }

  @Test(arguments: [(8, 3), (10, 1), (-1, 2), (Int.max, 1), (Int.min, 1), (0, 11), (11, 0)])
  func `a chunk that doesn't lie within the update changes nothing`(offset: Int, count: Int) {
    var buffer = UpdateBuffer<[UInt8]>(length: 10)
    let fits = buffer.put(Array(repeating: 1, count: count), at: offset)
    #expect(!fits)
    #expect(buffer.bytes == Array(repeating: 0, count: 10))
  }

  @Test(arguments: 0...10)
  func `a chunk without bytes fits anywhere up to the end`(offset: Int) {
    var buffer = UpdateBuffer<[UInt8]>(length: 10)
    let fits = buffer.put([], at: offset)
    #expect(fits)
  }
}

/// The one tick of a machine in a queue of events.
@Suite struct PendingTickTests {
  private var tick = PendingTick()

  /// The number of the tick that is queued for a moment; 0 where none is.
  private mutating func queue(_ moment: Duration?) -> UInt64 { tick.set(for: moment) ?? 0 }

  @Test mutating func `a tick is queued once for the same moment`() {
    let numbers = [queue(.seconds(1)), queue(.seconds(1))]
    #expect(numbers[0] != 0 && numbers[1] == 0)
    #expect(tick.time == .seconds(1))
  }

  @Test(arguments: [Duration.seconds(1), .seconds(3)])
  mutating func `a tick for another moment voids the one before it`(moment: Duration) {
    let (old, new) = (queue(.seconds(2)), queue(moment))
    let fired = [tick.fires(old), tick.fires(new)]
    #expect(fired == [false, true])
  }

  @Test mutating func `a tick that nobody waits for is void`() {
    let number = queue(.seconds(1))
    let none = queue(nil)
    let hasFired = tick.fires(number)
    #expect(none == 0 && !hasFired && tick.time == nil)
  }

  @Test mutating func `a tick fires once, and the next one at the same moment is queued anew`() {
    let first = queue(.seconds(1))
    let fired = [tick.fires(first), tick.fires(first)]
    #expect(fired == [true, false])
    let second = queue(.seconds(1))
    let firedThen = [tick.fires(first), tick.fires(second)]
    #expect(firedThen == [false, true])
  }
}
