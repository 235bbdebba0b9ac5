import Codecs
import Foundation
import Measures
import Testing

@Suite struct PositionCodeTests {
  private func codec(_ text: String) throws -> Codec { Codec(try CodecSpec(parsing: text)) }

  @Test(arguments: 1...12, [20, 50, 80])
  func `every choice of positions comes back`(length: Int, percent: Int) throws {
    let codec = try codec("topk\(percent)")
    let kept = (length * percent + 99) / 100
    for mask in 0..<1 << length where mask.nonzeroBitCount == kept {
      let values = (0..<length).map { mask >> $0 & 1 == 1 ? Float($0 + 1) : 0 }
      #expect(try codec.decode(codec.encode(values, key: 0), count: length) == values)
    }
  }

  @Test(arguments: [(0.1, 0.014), (1, 0.09), (5, 0.34), (10, 0.58), (20, 0.95)])
  func `bits are those of the formula`(percent: Double, perValue: Double) throws {
    let count = 200_000
    let text = percent < 1 ? "stc\(percent)" : "stc\(Int(percent))"
    let size = try codec(text).encode(Samples.normal(count, seed: 51), key: 0).count
    // STC: k · (b* + 1 / (1 − (1 − p)^(2^b*)) + 1) bits, b* = 1 + ⌊log2(ln(φ − 1) / ln(1 − p))⌋.
    let share = percent / 100
    let golden = (5.0.squareRoot() + 1) / 2
    let parameter = 1 + (log(golden - 1) / log(1 - share)).binary().rounded(.down)
    let perKept = parameter + 1 / (1 - pow(1 - share, pow(2, parameter))) + 1
    let bits = share * Double(count) * perKept + 40
    #expect(abs(Double(8 * size) / bits - 1) < 0.02)
    #expect(abs(Double(8 * size) / Double(count) / perValue - 1) < 0.1)
    let expected = try codec(text).expectedSize(of: count).bytes
    #expect(abs(Double(expected) / Double(size) - 1) < 0.02)
  }

  @Test func `a dense choice takes a bitmap`() throws {
    let count = 8000
    let size = try codec("stc60").encode(Samples.normal(count, seed: 52), key: 0).count
    #expect(size == 1 + count / 8 + 4 + count * 60 / 100 / 8)
  }

  @Test func `neighbouring positions take less than spread ones`() throws {
    var values = [Float](repeating: 0, count: 10_000)
    for index in 4000..<4100 { values[index] = 1 }
    let together = try codec("topk1").encode(values, key: 0).count
    let apart = try codec("topk1").encode(Samples.normal(10_000, seed: 53), key: 0).count
    #expect(together < apart)
  }

  @Test(arguments: 0..<20)
  func `of equal magnitudes the first are kept`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed)
    let values = (0..<200).map { _ in [1, -1, 2, -2, 0.5][Int(stream.next() % 5)] as Float }
    let order = values.indices.sorted {
      (abs(values[$0]), $1) > (abs(values[$1]), $0)
    }
    var expected = [Float](repeating: 0, count: 200)
    for index in order.prefix(60) { expected[index] = values[index] }
    let codec = try codec("topk30")
    #expect(try codec.decode(codec.encode(values, key: 0), count: 200) == expected)
  }
}

extension Double {
  /// The logarithm to base two.
  fileprivate func binary() -> Double { log2(self) }
}
