import Links
import Measures
import Testing

@Suite struct FaultTests {
  private let run = RandomStream(seed: 31)

  /// All faults by the clock before an end.
  private func faults(_ script: [FaultRule], until end: Duration) -> [ScriptedFault] {
    var timeline = FaultTimeline(script, run: run)
    var faults: [ScriptedFault] = []
    while let time = timeline.nextTime, time < end, let fault = timeline.next() {
      #expect(fault.time == time)
      faults.append(fault)
    }
    return faults
  }

  @Test func `faults come by time and then in the script's order`() {
    let script = [
      FaultRule(.at(.seconds(20)), .restartBroker, duration: .seconds(3)),
      FaultRule(.every(.seconds(10), from: .seconds(10)), .scaleRate(0.5), duration: .seconds(1)),
      FaultRule(.at(.seconds(5)), .kill, target: .clients([0...2])),
    ]
    let faults = faults(script, until: .seconds(35))
    #expect(faults.map(\.index) == [2, 1, 0, 1, 1])
    #expect(faults.map(\.time) == [5, 10, 20, 20, 30].map { .seconds($0) })
    #expect(faults[2].end == .seconds(23))
    #expect(faults[0].end == nil)
    #expect(faults[2].clients(of: 10) == [])
    #expect(faults[1].clients(of: 3) == [0, 1, 2])
  }

  @Test func `a round's faults come with the round`() {
    let script = [
      FaultRule(.round(3), .cut(.reset), target: .share(0.5), duration: .seconds(1)),
      FaultRule(.round(4), .partition, target: .group("cell"), duration: .seconds(1)),
    ]
    var timeline = FaultTimeline(script, run: run)
    #expect(timeline.nextTime == nil)
    let none = timeline.begin(round: 2, at: .seconds(1))
    #expect(none.isEmpty)
    let third = timeline.begin(round: 3, at: .seconds(2))
    #expect(third.map(\.index) == [0])
    let fault = timeline.begin(round: 4, at: .seconds(3))
    #expect(fault.map(\.time) == [.seconds(3)])
    #expect(fault.first?.clients(of: 100, groups: ["cell": 95..<200]) == Array(95..<100))
    #expect(fault.first?.clients(of: 100) == [])
  }

  @Test func `random faults have their mean distance and keep to their window`() {
    let rule = FaultRule(
      .random(meanInterval: .seconds(10), from: .seconds(100), until: .seconds(50100)), .stall,
      target: .share(0.1), duration: .seconds(5))
    let times = faults([rule], until: .seconds(1_000_000)).map(\.time)
    #expect(times.allSatisfy { $0 > .seconds(100) && $0 < .seconds(50100) })
    #expect((Double(times.count) / 5000 - 1).magnitude < 0.05)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    #expect(times == faults([rule], until: .seconds(1_000_000)).map(\.time))
  }

  @Test func `a share hits that many, others each time, the same when asked again`() {
    let rule = FaultRule(
      .every(.seconds(1), from: .zero), .cut(.blackHole), target: .share(0.2))
    let faults = faults([rule], until: .seconds(50))
    let hits = faults.map { $0.clients(of: 1000) }
    #expect(hits == faults.map { $0.clients(of: 1000) })
    #expect(Set(hits).count == 50)
    let total = hits.reduce(0) { $0 + $1.count }
    #expect((Double(total) / 10000 - 1).magnitude < 0.05)
    #expect(hits.allSatisfy { $0 == $0.sorted() })
  }

  @Test(
    arguments: [
      ([0...2, 1...4], [0, 1, 2, 3, 4]), ([7...20], [7, 8, 9]), ([30...40], []),
      ([5...5, 0...0, 5...6], [0, 5, 6]), ([], []),
    ] as [([ClosedRange<Int>], [Int])])
  func `ranges hit each client once and only those there are`(
    ranges: [ClosedRange<Int>], expected: [Int]
  ) {
    let rule = FaultRule(.at(.zero), .kill, target: .clients(ranges))
    #expect(faults([rule], until: .seconds(1)).first?.clients(of: 10) == expected)
  }

  @Test(arguments: [
    FaultRule(.at(.seconds(-1)), .kill), FaultRule(.round(-1), .kill),
    FaultRule(.every(.zero, from: .zero), .kill),
    FaultRule(.at(.zero), .kill, target: .share(1.5)), FaultRule(.at(.zero), .scaleRate(0)),
    FaultRule(.at(.zero), .stall), FaultRule(.at(.zero), .restartBroker),
    FaultRule(.at(.zero), .kill, duration: .zero),
  ])
  func `a rule that makes no sense says so`(rule: FaultRule) {
    #expect(rule.problems.count == 1)
  }
}
