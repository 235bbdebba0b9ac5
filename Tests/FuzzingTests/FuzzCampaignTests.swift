import Foundation
import Fuzzing
import Measures
import TestSupport
import Testing

/// Whatever comes from outside is taken or refused.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct FuzzCampaignTests {
  private static let folder = FileManager.default.temporaryDirectory
    .appending(path: "progfed-fuzz-\(UUID().uuidString)")
  private static let targets = FuzzCampaign.allTargets(in: folder)

  @Test(arguments: targets.indices)
  func `nothing traps, and some of it is taken and some refused`(index: Int) throws {
    defer { try? FileManager.default.removeItem(at: Self.folder) }
    let target = Self.targets[index]
    let campaign = FuzzCampaign(seed: 7, targets: [target])
    let clock = ContinuousClock()
    let end = clock.now + .seconds(1)
    let tally = try #require(campaign.run { _ in clock.now >= end }.first)
    #expect(tally.findings.isEmpty, "\(target.name): \(tally.findings)")
    #expect(tally.taken > 0, "\(target.name) refuses all")
    #expect(tally.taken < tally.cases || ["broker", "client"].contains(target.name))
  }

  @Test func `a case follows from its seed and number`() throws {
    let campaign = FuzzCampaign(seed: 3, targets: [EnvelopeTarget()])
    func taken() -> [Bool] {
      (0..<200).map { number in
        var tally = FuzzCampaign.Tally(name: "envelopes")
        campaign.play(number, EnvelopeTarget(), &tally)
        return tally.taken == 1
      }
    }
    #expect(taken() == taken())
  }

  @Test func `a finding is told with its case`() {
    struct Faulty: FuzzTarget {
      let name = "faulty"
      func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
        var stream = stream
        guard stream.uniform() < 0.9 else { throw FuzzFinding("wrong") }
        return true
      }
    }
    let tallies = FuzzCampaign(seed: 1, targets: [Faulty()]).run { _ in true }
    #expect(tallies[0].findings.count + tallies[0].taken == tallies[0].cases)
    #expect(!tallies[0].findings.isEmpty)
  }
}
