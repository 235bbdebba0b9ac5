import Foundation
import Ledger
import Measures
import Reports
import Testing

/// What TensorBoard's own reader sees in a file of ours; the script in EventFiles asks it.
@Suite struct TensorBoardTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "EventFiles/example.tfevents")

  private struct Scalar: Decodable {
    var tag: String
    var step: Int
    var time: Double
    var value: Double
  }

  private func summary() throws -> RunSummary { try Example.converging(rounds: 6) }

  @Test func `the file is the one that TensorBoard read`() throws {
    let bytes = EventFile.bytes(try summary(), start: 1_700_000_000)
    if ProcessInfo.processInfo.environment["PROGFED_FIXTURES"] == "write" {
      try Data(bytes).write(to: Self.file)
    }
    #expect(try Data(contentsOf: Self.file) == Data(bytes))
  }

  @Test
  func `TensorBoard sees what was reached, and the bytes of both directions per stage and round`()
    throws
  {
    let json = try Data(contentsOf: Self.file.appendingPathExtension("json"))
    let scalars = try JSONDecoder().decode([Scalar].self, from: json)
    func values(_ tag: String) -> [Int: Double] {
      Dictionary(uniqueKeysWithValues: scalars.filter { $0.tag == tag }.map { ($0.step, $0.value) })
    }
    let rounds = try summary().rounds
    var wire = (down: 0, up: 0)
    var ofStage: [Int: Int] = [:]
    for round in rounds {
      wire.down += round.load.traffic.down.wire.bytes
      wire.up += round.load.traffic.up.wire.bytes
      ofStage[round.stage, default: 0] += round.load.traffic.up.wire.bytes
      #expect(values("bytes/down")[round.round] == Double(wire.down))
      #expect(values("bytes/up")[round.round] == Double(wire.up))
      #expect(
        values("bytes/round/up")[round.round] == Double(round.load.traffic.up.wire.bytes))
      #expect(
        values("bytes/stage\(round.stage)/up")[round.round]
          == Double(try #require(ofStage[round.stage])))
      #expect(
        values("test/accuracy")[round.round].map { Float($0) } == round.accuracy.map { Float($0) })
      #expect(
        values("train/squaredGradientNorm")[round.round].map { Float($0) }
          == round.squaredGradientNorm.map { Float($0) })
      #expect(
        values("test/clients/percentile10")[round.round].map { Float($0) }
          == round.fairness.map { Float($0.lowestTenth) })
      #expect(
        values("bytes/wasted/up")[round.round] ?? 0 == Double(round.wasted.up.wire.bytes))
      #expect(values("test/loss")[round.round].map { Float($0) } == round.loss.map { Float($0) })
    }
    #expect(values("stage").count == rounds.count)
    #expect(scalars.allSatisfy { $0.time > 1_700_000_000 })
  }
}
