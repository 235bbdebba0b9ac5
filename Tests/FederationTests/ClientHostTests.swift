import Bytes
import Federation
import Testing
import Wire

/// What a client's host does of what its machine asks for.
@Suite struct ClientHostTests {
  @Test func `steps are made room for before their chunks are subscribed to`() {
    let calls = ClientHostBench.member().announce()
    let expected = ClientBench.segments.flatMap { segment -> [ClientHostBench.Call] in
      [.open(segment.only), .subscribe(.step(segment.only.digest))]
    }
    let made = calls.filter {
      switch $0 {
      case .open, .subscribe: true
      default: false
      }
    }
    #expect(made == expected)
  }

  @Test func `a welcome that tells of no samples keeps the client out of rounds`() {
    let bench = ClientHostBench()
    bench.samples = 0
    #expect(
      bench.hear(.welcome(ClientBench.welcome), round: 0) == [.welcomed(ClientBench.welcome)])
    #expect(
      bench.announce().contains {
        guard case .send(let message) = $0, case .decline(.noData, _) = message.body else {
          return false
        }
        return true
      })
  }

  @Test func `an update is kept, and cut as the broker says`() throws {
    let bench = ClientHostBench.training()
    bench.trained(120)
    #expect(bench.host.update?.update == ClientHostBench.Update(length: 120))
    let calls = bench.hear(.grant(0..<120))
    guard case .chunks(let chunks, let update)? = calls.first, calls.count == 1 else {
      Issue.record("\(calls)")
      return
    }
    // The welcome says 50 bytes.
    #expect(chunks.map(\.range) == [0..<50, 50..<100, 100..<120])
    #expect(update.length == 120)
    let header = chunks.first?.message.header
    #expect(header?.client == 3 && header?.attempt == 2 && header?.round == 1)
  }

  @Test func `missing ranges are sent again, and no others`() {
    let bench = ClientHostBench.training()
    bench.trained(120)
    bench.hear(.grant(0..<120))
    let calls = bench.hear(.acknowledge(.incomplete([10..<20, 60..<115])))
    let ranges = calls.compactMap { call -> [Range<Int>]? in
      guard case .chunks(let chunks, _) = call else { return nil }
      return chunks.map(\.range)
    }
    #expect(ranges == [[10..<20], [60..<110, 110..<115]])
  }

  @Test(arguments: [true, false])
  func `an update is handed over when it is settled, and then gone`(isAccepted: Bool) {
    let bench = ClientHostBench.training()
    bench.trained(20)
    let calls =
      isAccepted
      ? bench.hear(.acknowledge(.accepted))
      : bench.hear(.refuse(.notFinite, retry: nil, detail: ""))
    let update = ClientHostBench.Update(length: 20)
    #expect(calls.contains(.settled(round: 1, accepted: isAccepted, update)))
    #expect(bench.host.update == nil)
  }

  @Test func `what was trained for a round that was left is dropped`() {
    let bench = ClientHostBench.training()
    bench.hear(.closed(accepted: 1), client: nil)
    #expect(bench.trained(20).isEmpty)
    #expect(bench.host.update == nil)
  }

  @Test func `what was trained for another round is dropped`() {
    let bench = ClientHostBench.training()
    #expect(bench.trained(20, round: 2).isEmpty)
    #expect(bench.host.update == nil)
  }

  @Test func `a client that leaves says so, and its part is over`() {
    let bench = ClientHostBench.training()
    let calls = bench.handle(.stop)
    #expect(calls.last == .finished(.left))
    #expect(calls.contains(.settled(round: 1, accepted: false, nil)))
    #expect(bench.host.wakeTime == nil)
  }
}
