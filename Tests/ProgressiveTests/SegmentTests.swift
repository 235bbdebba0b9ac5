import Progressive
import Testing

@Suite struct SegmentTests {
  @Test func `a sub-model is its blocks and its head`() {
    #expect(SegmentName.all(stage: 1) == [.block(1), .head(1)])
    #expect(SegmentName.all(stage: 3) == [.block(1), .block(2), .block(3), .head(3)])
  }

  @Test func `warm-up trains the newest block and its head alone`() {
    let schedule = GrowthSchedule(rounds: [1, 2, 2], warmUpRounds: 1)
    func trained(_ round: Int) -> [SegmentName] {
      let phase = schedule.phase(in: round)
      return phase.segments.filter(phase.trains)
    }
    #expect(trained(1) == [.block(1), .head(1)])
    #expect(trained(2) == [.block(2), .head(2)])
    #expect(trained(3) == [.block(1), .block(2), .head(2)])
    #expect(trained(4) == [.block(3), .head(3)])
    #expect(trained(5) == [.block(1), .block(2), .block(3), .head(3)])
  }

  @Test func `segments of other stages are never trained`() {
    let phase = GrowthSchedule(rounds: [1, 1]).phase(in: 2)
    #expect(!phase.trains(.head(1)))
    #expect(!phase.trains(.block(3)))
    #expect(!phase.trains(.head(3)))
  }

  @Test func `the model has just grown in each stage's first round`() {
    let schedule = GrowthSchedule(rounds: [2, 1, 2])
    #expect(
      (1...5).map { schedule.phase(in: $0).isFirstOfStep } == [true, false, true, true, false])
  }

  @Test(arguments: 1..<30)
  func `names are read as they are written`(index: Int) {
    for name in [SegmentName.block(index), .head(index)] {
      #expect(SegmentName("\(name)") == name)
    }
  }

  @Test(arguments: [
    "", "block", "head", "block0", "head-1", "block+1", "block01", "Block1", "tail1", "block1 ",
    "head1x", "block99999999999999999999",
  ])
  func `other texts are no names`(text: String) { #expect(SegmentName(text) == nil) }
}
