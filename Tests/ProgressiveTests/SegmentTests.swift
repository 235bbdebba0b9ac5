import Foundation
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
      #expect(SegmentName("\(name.control)") == .control(of: name))
      #expect("\(name.control)" == "\(name).control")
    }
  }

  @Test(arguments: [
    "", "block", "head", "block0", "head-1", "block+1", "block01", "Block1", "tail1", "block1 ",
    "head1x", "block99999999999999999999", ".control", "block1.control.control", "block0.control",
    "block1control", "block1.controls", "block1.Control",
  ])
  func `other texts are no names`(text: String) { #expect(SegmentName(text) == nil) }

  @Test func `a control variate knows what it corrects, and is no part of a phase`() async {
    #expect(SegmentName.head(2).control.corrected == .head(2))
    #expect(SegmentName.head(2).corrected == nil)
    let phase = GrowthSchedule(rounds: [1, 1]).phase(in: 2)
    #expect(!phase.trains(.block(2).control) && !phase.leaves(.block(1).control))
    #expect(phase.segments.allSatisfy { $0.corrected == nil })
    await #expect(processExitsWith: .failure) { _ = SegmentName.block(1).control.control }
  }

  @Test func `JSON has names as texts, as values and as keys`() throws {
    let value: [SegmentName: [SegmentName]] = [.block(2): [.head(1), .block(1).control]]
    let text = #"{"block2":["head1","block1.control"]}"#
    #expect(String(decoding: try JSONEncoder().encode(value), as: UTF8.self) == text)
    #expect(
      try JSONDecoder().decode([SegmentName: [SegmentName]].self, from: Data(text.utf8)) == value)
    for text in [#"{"tail":[]}"#, #"{"block1":["tail"]}"#, #"{"block1":[1]}"#] {
      #expect(throws: DecodingError.self, "\(text)") {
        try JSONDecoder().decode([SegmentName: [SegmentName]].self, from: Data(text.utf8))
      }
    }
  }
}
