import Links
import Measures
import Testing

@Suite struct SharedLinkTests {
  /// Plays transfers with their starts and says when each ends.
  private func ends(
    capacity: Double, _ transfers: [(start: Double, bytes: Int, limit: Double?)]
  ) -> [Double] {
    var link = SharedLink(capacity: kilobits(capacity))
    var ends = Array(repeating: Double.nan, count: transfers.count)
    var coming = transfers.indices.sorted { transfers[$0].start < transfers[$1].start }[...]
    while link.count > 0 || !coming.isEmpty {
      let start = coming.first.map { Duration.seconds(transfers[$0].start) }
      if let next = link.nextEnd, start.map({ next.time <= $0 }) ?? true {
        let left = link.end(next.transfer, at: next.time)
        #expect(left == .zero)
        ends[next.transfer] = next.time.seconds
      } else if let start {
        let index = coming.removeFirst()
        let limit = transfers[index].limit.map { kilobits($0) }
        link.start(index, size: ByteCount(transfers[index].bytes), limit: limit, at: start)
      }
    }
    return ends
  }

  private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { ($0 - $1).magnitude < 1e-6 }
  }

  @Test(arguments: [1, 2, 10, 500])
  func `equal transfers end together after the time of all their bytes`(count: Int) {
    let ends = ends(capacity: 8000, Array(repeating: (0, 100_000, nil), count: count))
    #expect(isClose(ends, Array(repeating: Double(count) / 10, count: count)))
  }

  @Test func `a late one takes half from then on`() {
    // 1 MB/s. A: 1 MB from 0; B: 0.5 MB from 0.5. Both at 0.5 MB/s from 0.5: both end at 1.5.
    #expect(isClose(ends(capacity: 8000, [(0, 1_000_000, nil), (0.5, 500_000, nil)]), [1.5, 1.5]))
    // A shorter B leaves A the whole link again.
    #expect(isClose(ends(capacity: 8000, [(0, 1_000_000, nil), (0.5, 250_000, nil)]), [1.25, 1]))
  }

  @Test func `who needs less leaves the rest to the others`() {
    // 1 MB/s; limits 0.1, 0.3, none: rates 0.1, 0.3, 0.6.
    let ends = ends(
      capacity: 8000, [(0, 1_000_000, nil), (0, 100_000, 800), (0, 300_000, 2400)])
    #expect(isClose(ends, [1.4, 1, 1]))
  }

  @Test func `a limit above the fair share changes nothing`() {
    #expect(isClose(ends(capacity: 8000, [(0, 500_000, 6000), (0, 500_000, 7000)]), [1, 1]))
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `the link is never idle while someone without limit waits`(seed: UInt64) {
    var random = RandomStream(seed: seed)
    let transfers = (0..<60).map { _ in
      (start: 0.0, bytes: 1 + Int(random.next() % 1_000_000), limit: nil as Double?)
    }
    let ends = ends(capacity: 8000, transfers)
    let total = Double(transfers.reduce(0) { $0 + $1.bytes }) / 1e6
    #expect(((ends.max() ?? 0) - total).magnitude < 1e-6)
    // The fair order: by size.
    let bySize = transfers.indices.sorted { transfers[$0].bytes < transfers[$1].bytes }
    #expect(zip(bySize, bySize.dropFirst()).allSatisfy { ends[$0] <= ends[$1] })
  }

  @Test func `one that gives up frees its share and says what was left`() {
    var link = SharedLink(capacity: kilobits(8000))
    link.start(1, size: ByteCount(1_000_000), at: .zero)
    link.start(2, size: ByteCount(1_000_000), at: .zero)
    let left = link.end(2, at: .seconds(1))
    #expect(left == ByteCount(500_000))
    let nothing = link.end(2, at: .seconds(1))
    #expect(nothing == nil)
    #expect(link.nextEnd?.time == .milliseconds(1500))
    link.setCapacity(kilobits(4000), at: .seconds(1))
    #expect(link.nextEnd?.time == .seconds(2))
  }

  @Test func `a number in use is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var link = SharedLink(capacity: Bandwidth(bitsPerSecond: 8000))
      link.start(1, size: ByteCount(1), at: .zero)
      link.start(1, size: ByteCount(1), at: .zero)
    }
  }
}
