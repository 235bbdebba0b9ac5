import Measures
import Reports
import Testing

@Suite struct ProgressLineTests {
  private let line = ProgressLine(
    stage: 2, stages: 3, round: 45, rounds: 100, accuracy: 0.871, down: ByteCount(1_200_000_000),
    up: ByteCount(300_000_000), elapsed: .seconds(450))

  @Test func `a wide line tells all`() {
    #expect(
      line.text(width: 100)
        == "stage 2/3  round 45/100  accuracy 87.1 %  down 1.20 GB  up 300 MB  9 m 10 s left")
  }

  @Test(arguments: 0...100)
  func `a line keeps to its width`(width: Int) {
    #expect(line.text(width: width).count <= width)
    if width >= 12 { #expect(line.text(width: width).contains("round 45/100")) }
  }

  @Test func `time left goes by the rounds of this process`() {
    var line = line
    #expect(line.left == .seconds(550))
    line.resumed = 40
    #expect(line.left == .seconds(4950))
    line.round = 100
    #expect(line.left == .zero)
  }

  @Test func `without a round or a plan no time left is made up`() {
    var line = line
    line.round = 0
    #expect(line.left == nil)
    line.round = 3
    line.rounds = 0
    #expect(line.left == nil)
    #expect(line.text(width: 100).contains("round 3 "))
  }
}
