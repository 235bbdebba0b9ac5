import Bytes
import Federation
import Testing
import Wire

/// What a broker's host does of what its machine asks for.
@Suite struct BrokerHostTests {
  private static let limits: ProtocolLimits = {
    var limits = ProtocolLimits()
    limits.chunkBytes = 32
    return limits
  }()
  private let offer = BrokerBench.offer(10)

  /// A bench whose round's model was broadcast to client 0, and what was broadcast.
  private func broadcast() throws -> (BrokerHostBench, [ModelChunk]) {
    let bench = try BrokerHostBench.open(clients: 1, limits: Self.limits)
    for segment in BrokerBench.segments {
      try bench.handle(.subscribed(.step(segment.only.digest)))
    }
    var chunks: [ModelChunk] = []
    let calls = try bench.say(0, BrokerBench.wants())
    for case .broadcast(_, let part, _) in calls { chunks += part }
    return (bench, chunks)
  }

  @Test func `a broadcast carries all bytes of all steps, for those who asked`() throws {
    let (bench, chunks) = try broadcast()
    let lengths = BrokerBench.segments.map(\.only.length)
    #expect(chunks.count == lengths.map { ($0 + 31) / 32 }.reduce(0, +))
    #expect(chunks.map(\.range.count).reduce(0, +) == lengths.reduce(0, +))
    let header = Header(run: BrokerBench.run, epoch: 1, round: 1, stage: 1)
    #expect(chunks.allSatisfy { $0.message.header == header })
    for case .broadcast(_, _, let clients) in bench.calls { #expect(clients == [0]) }
  }

  @Test func `a repair names the chunks of the broadcast that it takes the place of`() throws {
    let (bench, broadcast) = try broadcast()
    let step = BrokerBench.segments[0].only
    bench.now = .seconds(10)
    let calls = try bench.say(
      0, .want(worker: 100, needs: [Need(digest: step.digest, ranges: [40..<70, 99..<100])]))
    var header = Header(run: BrokerBench.run, epoch: 1, round: 1, stage: 1)
    header.client = 0
    var missed: [ModelChunk] = []
    var repaired: [ModelChunk] = []
    for call in calls {
      switch call {
      case .missed(step, let chunks, client: 0): missed += chunks
      case .repair(step, let chunks, client: 0): repaired += chunks
      default: break
      }
    }
    let asked = Set(Array(40..<70) + [99])
    let lost = broadcast.filter { chunk in
      guard case .modelChunk(step.digest.prefix, _, _) = chunk.message.body else { return false }
      return !asked.isDisjoint(with: chunk.range)
    }
    #expect(missed.map(\.message.body) == lost.map(\.message.body))
    #expect(repaired.map(\.range) == [40..<70, 99..<100])
    for chunks in [missed, repaired] {
      #expect(Set(chunks.flatMap { Array($0.range) }) == asked)
      #expect(chunks.allSatisfy { $0.message.header == header })
    }
  }

  @Test func `an update's chunks come together, whatever their order, and are stored once`() throws
  {
    let bench = try BrokerHostBench.open(clients: 1)
    try bench.say(0, .offer(offer))
    #expect(bench.host.uploads[0]?.bytes.count == 10)
    try bench.say(0, .updateChunk(offset: 6, length: 4), carrying: [6, 7, 8, 9])
    let calls = try bench.say(
      0, .updateChunk(offset: 0, length: 6), carrying: [0, 1, 2, 3, 4, 5])
    #expect(
      calls == [
        .store(
          Array(0..<10), BrokerBench.submission(offer), client: 0, attempt: 0, round: 1)
      ])
    #expect(bench.host.uploads.isEmpty)
  }

  @Test func `a chunk beyond the update leaves it as it is`() throws {
    let bench = try BrokerHostBench.open(clients: 1)
    try bench.say(0, .offer(offer))
    let calls = try bench.say(
      0, .updateChunk(offset: 8, length: 4), carrying: [1, 1, 1, 1])
    #expect(calls == [.count("chunk beyond an update")])
    #expect(bench.host.uploads[0]?.bytes == Array(repeating: 0, count: 10))
  }

  @Test func `a chunk that brings other bytes than its message says has no place`() throws {
    let bench = try BrokerHostBench.open(clients: 1)
    try bench.say(0, .offer(offer))
    let calls = try bench.say(
      0, .updateChunk(offset: 6, length: 2), carrying: [1, 1, 1, 1, 1])
    #expect(calls == [.lacksPlace(client: 0, offset: 6)])
    #expect(
      try bench.say(0, .updateChunk(offset: 0, length: 2)) == [.lacksPlace(client: 0, offset: 0)])
    #expect(bench.host.uploads[0]?.bytes == Array(repeating: 0, count: 10))
  }

  @Test func `the room of a client that vanished is free again`() throws {
    let bench = try BrokerHostBench.open(clients: 2)
    try bench.say(0, .offer(offer))
    try bench.handle(.unsubscribed(.client(0)))
    #expect(bench.host.uploads.isEmpty)
  }

  @Test func `the wake time is that of the machine, and ends with the run`() throws {
    let bench = try BrokerHostBench.open(clients: 1)
    #expect(bench.host.wakeTime == bench.host.machine.wakeTime)
    try bench.handle(.stop)
    bench.now = try #require(bench.host.wakeTime) + .seconds(60)
    #expect(try bench.handle(.tick).contains(.finished(complete: false)))
    #expect(bench.host.wakeTime == nil)
  }

  @Test func `what a transport throws ends the actions of its event`() throws {
    let bench = try BrokerHostBench.open(clients: 1)
    bench.isBroken = true
    #expect(throws: BrokerHostBench.Failed.self) { try bench.say(0, .offer(offer)) }
  }

  @Test func `a header bears the stage of its round, and of no other`() throws {
    let bench = try BrokerHostBench.open(clients: 1)
    #expect(
      bench.host.header(of: 1, client: 4)
        == Header(run: BrokerBench.run, epoch: 1, round: 1, stage: 1, client: 4))
    #expect(bench.host.header(of: 2).stage == 0)
  }
}
