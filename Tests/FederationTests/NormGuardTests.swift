import Codecs
import Federation
import Foundation
import Measures
import Testing

/// How far an update may be from the model, by what those of the rounds before were.
@Suite struct NormGuardTests {
  private typealias Kind = NormGuard.Kind

  private static let kind = Kind(step: 1, warmUp: false, codec: .dense32)

  private func update(
    _ norm: Double, reach: Double = 1, _ kind: Kind = kind
  ) -> NormGuard.Measure {
    NormGuard.Measure(kind: kind, norm: norm, reach: reach)
  }

  /// A guard that has seen rounds of these norms.
  private func seen(_ rounds: [Double]...) -> NormGuard {
    var norms = NormGuard()
    for round in rounds { norms.note(round.map { update($0) }) }
    return norms
  }

  private func isTooFar(
    _ update: NormGuard.Measure, _ norms: NormGuard, start: Double = 4
  ) -> Bool {
    norms.objection(to: update, beyond: 10, start: start) != nil
  }

  @Test func `beyond the multiple of the median of those before an update is too far`() throws {
    let norms = seen([1, 2, 3, 100], [4, 2, 3, 3])
    #expect(!isTooFar(update(30), norms))
    let objection = try #require(norms.objection(to: update(30.1), beyond: 10, start: 4))
    #expect(objection.limit == 30 && objection.known == 8)
    #expect(isTooFar(update(1e30), norms))
    #expect(norms.objection(to: update(30.1), beyond: 11, start: 4) == nil)
  }

  @Test func `in the first rounds there is room for as much as what was trained, many times over`()
  {
    var norms = seen([1, 1, 1, 1], [1, 1, 1])
    #expect(!isTooFar(update(39), norms))
    #expect(isTooFar(update(41), norms) && isTooFar(update(1e30), norms))
    #expect(isTooFar(update(1e30), NormGuard()))
    #expect(!isTooFar(update(9), NormGuard(), start: 0), "a model that begins with zeros")
    norms.note([update(1)])
    #expect(isTooFar(update(39), norms))
  }

  @Test func `another stage, a warm-up and another codec are compared with their own`() throws {
    let norms = seen(Array(repeating: 0.1, count: 20))
    for other in [
      Kind(step: 2, warmUp: false, codec: .dense32), Kind(step: 1, warmUp: true, codec: .dense32),
      Kind(step: 1, warmUp: false, codec: .dense32, blocks: [2]),
      Kind(step: 1, warmUp: false, codec: try #require(CodecSpec("eden0.1"))),
    ] { #expect(!isTooFar(update(30, other), norms)) }
    #expect(isTooFar(update(30), norms))
  }

  @Test func `who makes more steps, or at a higher rate, may go as much further`() {
    let norms = seen(Array(repeating: 1, count: 20))
    #expect(!isTooFar(update(50, reach: 5), norms) && isTooFar(update(51, reach: 5), norms))
    #expect(!isTooFar(update(10, reach: 0.001), norms), "and who makes fewer is allowed the same")
  }

  @Test func `rounds in which nothing moved refuse nobody afterwards`() {
    var norms = NormGuard()
    for _ in 0..<5 { norms.note((0..<4).map { _ in update(1e-6, reach: 0) }) }
    #expect(!isTooFar(update(3), norms))
    var still = NormGuard()
    for _ in 0..<5 { still.note((0..<4).map { _ in update(0) }) }
    #expect(!isTooFar(update(3), still))
  }

  @Test func `the order within a round doesn't matter, and what the round holds neither`() {
    var (one, other) = (seen([1, 2, 3, 4, 5, 6, 7, 8]), seen([8, 7, 6, 5, 4, 3, 2, 1]))
    for norm in stride(from: 1.0, to: 100, by: 0.5) {
      #expect(isTooFar(update(norm), one) == isTooFar(update(norm), other))
    }
    one.note([update(40), update(1)])
    other.note([update(1), update(40)])
    #expect(isTooFar(update(45.1), one) && isTooFar(update(45.1), other))
    #expect(!isTooFar(update(45), one) && !isTooFar(update(45), other))
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `a minority at the limit doesn't move it away`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed)
    var norms = NormGuard()
    for round in 0..<100 {
      let honest = (0..<7).map { _ in Double.random(in: 0.5...2, using: &stream) }
      // Three of ten go as far as they may.
      let limit = norms.objection(to: update(.greatestFiniteMagnitude), beyond: 10, start: 1)?.limit
      let others = Array(repeating: try #require(limit), count: 3)
      for norm in others + honest { #expect(!isTooFar(update(norm), norms, start: 1)) }
      norms.note((honest + others).map { update($0) })
      if round > 0 { #expect(try #require(limit) <= 20) }
    }
  }

  @Test func `it comes back whole from a checkpoint`() throws {
    var norms = seen([1, 0.1, 2.0 / 3], [1e-30, 1e30])
    norms.note([update(7, reach: 0.3, Kind(step: 2, warmUp: true, codec: .dense32))])
    let data = try JSONEncoder().encode(norms)
    #expect(try JSONDecoder().decode(NormGuard.self, from: data) == norms)
  }

  @Test func `it remembers a bounded number of updates`() throws {
    var norms = NormGuard()
    for step in 1...40 {
      let kind = Kind(step: step, warmUp: false, codec: .dense32)
      for _ in 0..<20 { norms.note((0..<50).map { _ in update(1.0 / 3, kind) }) }
    }
    #expect(try JSONEncoder().encode(norms).count < 100_000)
    // The last ones of all.
    norms.note(
      (0..<NormGuard.memory).map { _ in update(5, Kind(step: 40, warmUp: false, codec: .dense32)) }
    )
    #expect(!isTooFar(update(50, Kind(step: 40, warmUp: false, codec: .dense32)), norms))
  }
}
