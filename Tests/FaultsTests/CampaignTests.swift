import Faults
import Federation
import TestSupport
import Testing

/// The protocol keeps its promises, whatever goes wrong.
@Suite(.serialized, .longestRunning, .timeLimit(.minutes(5))) struct CampaignTests {
  @Test(arguments: 0..<10 as Range<UInt64>)
  func `no promise is broken in any of these seeds`(block: UInt64) {
    let report = FaultCampaign(seeds: 1000 * block..<1000 * (block + 1)).run()
    #expect(report.seeds == 1000)
    #expect(report.failures.isEmpty, "\(report.failures.map(\.description).joined())")
  }

  /// 18339: a client's word on its training, given up as the round ended, took it out of the
  /// evaluation that followed.
  @Test(arguments: [18339])
  func `no promise is broken in a later seed that once broke one`(seed: UInt64) {
    let report = FaultCampaign(seeds: seed..<seed + 1).run()
    #expect(report.failures.isEmpty, "\(report.failures.map(\.description).joined())")
  }

  @Test func `the seeds aren't all alike, and things do go wrong in them`() {
    let scenarios = (0..<200).map { FaultScenario(seed: $0) }
    #expect(Set(scenarios.map(\.clients)).count == 8)
    #expect(scenarios.contains { $0.faults.isEmpty })
    #expect(scenarios.contains { $0.isLong })
    #expect(scenarios.contains { !$0.isLong })
    let graces = scenarios.filter { $0.rules.quorum != nil }.map { "\($0.rules.grace)" }
    #expect(Set(graces.map { $0.prefix { $0 != "(" } }) == ["share", "time"])
    let kinds = Set(scenarios.flatMap(\.faults).map { "\($0.kind)".prefix { !$0.isNumber } })
    #expect(kinds.count >= 12)
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `a seed always gives the same events, told or not`(seed: UInt64) {
    let scenario = FaultScenario(seed: seed)
    let first = scenario.play(isTraced: true)
    #expect(scenario.play(isTraced: true) == first)
    let untold = scenario.play()
    #expect(untold.events == first.events)
    #expect(untold.trace.isEmpty)
    #expect(!first.trace.isEmpty)
  }

  @Test func `a part of a seed's faults is the rest left out`() {
    let whole = FaultScenario(seed: 9)
    #expect(FaultScenario(seed: 9, faults: Array(whole.faults.indices)) == whole)
    #expect(FaultScenario(seed: 9, faults: []).faults.isEmpty)
    #expect(
      FaultScenario(seed: 9, faults: [2, 0, 99]).faults == [whole.faults[0], whole.faults[2]])
  }
}
