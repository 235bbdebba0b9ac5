import Measures
import Neural
import Testing

@Suite struct `An arena` {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `never gives one place to two tensors at the same time`(seed: UInt64) {
    var random = RandomStream(seed: seed)
    var plan = ArenaPlan()
    for _ in 0..<60 {
      let begin = Int.random(in: 0..<40, using: &random)
      let end = begin + Int.random(in: 0..<12, using: &random)
      _ = plan.reserve(Int.random(in: 0..<5000, using: &random), during: begin...end)
    }
    plan.settle()
    for (index, one) in plan.reservations.enumerated() {
      #expect(one.offset % ArenaPlan.alignment == 0)
      #expect(one.offset + one.byteCount <= plan.byteCount)
      for other in plan.reservations[..<index] where one.lifetime.overlaps(other.lifetime) {
        let apart =
          one.offset + one.byteCount <= other.offset || other.offset + other.byteCount <= one.offset
        #expect(apart)
      }
    }
    let sum = plan.reservations.reduce(0) { $0 + $1.byteCount }
    #expect(plan.byteCount < sum)
  }

  @Test func `is as large as the largest tensor when none live together`() {
    var plan = ArenaPlan()
    for moment in 0..<10 { _ = plan.reserve(64 * (moment + 1), during: moment...moment) }
    plan.settle()
    #expect(plan.byteCount == 640)
  }
}
