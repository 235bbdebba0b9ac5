import Foundation
import Measures
import Testing

@Suite struct ByteCountTests {
  @Test(arguments: [
    (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.00 kB"), (1004, "1.00 kB"),
    (1005, "1.00 kB"), (1006, "1.01 kB"), (9994, "9.99 kB"), (9996, "10.0 kB"),
    (99_949, "99.9 kB"), (99_951, "100 kB"), (999_499, "999 kB"), (999_501, "1.00 MB"),
    (1_200_000, "1.20 MB"), (65_536, "65.5 kB"), (7_000_000_000, "7.00 GB"),
    (3_000_000_000_000, "3.00 TB"), (1_000_000_000_000_000, "1.00 PB"),
    (1_000_000_000_000_000_000, "1000 PB"), (-1500, "-1.50 kB"),
  ])
  func `counts are written with three digits`(bytes: Int, text: String) {
    #expect("\(ByteCount(bytes))" == text)
  }

  @Test func `counts add, subtract and compare as numbers do`() {
    #expect(ByteCount(3) + ByteCount(4) == ByteCount(7))
    #expect(ByteCount(3) - ByteCount(4) == ByteCount(-1))
    #expect(ByteCount.zero + ByteCount(5) == ByteCount(5))
    #expect(ByteCount(3) < ByteCount(4))
    #expect(!(ByteCount(4) < ByteCount(4)))
  }

  @Test(
    arguments: [
      (0, 0), (0.4, 0), (2.5, 3), (1e15, 1_000_000_000_000_000), (-3, 0), (.nan, 0),
      (1e300, 1 << 56), (.infinity, 1 << 56),
    ] as [(Double, Int)])
  func `an estimate of any size is a count`(estimate: Double, bytes: Int) {
    #expect(ByteCount(estimate: estimate).bytes == bytes)
  }

  @Test func `JSON has plain numbers`() throws {
    let json = try JSONEncoder().encode([ByteCount(12), .zero])
    #expect(String(decoding: json, as: UTF8.self) == "[12,0]")
    #expect(try JSONDecoder().decode([ByteCount].self, from: json) == [ByteCount(12), .zero])
  }

  @Test func `a rate turns bytes into time`() {
    let rate = Bandwidth(bitsPerSecond: 8e6)
    #expect(rate.time(for: ByteCount(1_000_000)) == .seconds(1))
    #expect(rate.time(for: ByteCount(500)) == .microseconds(500))
    #expect(rate.time(for: .zero) == .zero)
  }
}
