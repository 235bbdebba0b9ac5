import Measures
import Testing

@Suite struct `A share` {
  @Test(arguments: [
    ("1.1", 100, 110), ("0.55", 100, 55), ("0.28", 25, 7), ("1.1", 10, 11), ("0.7", 10, 7),
    ("0.07", 100, 7), ("0.3333333333333333", 3, 1), ("0.333333333333333333333333", 3, 1),
    ("0.5", 3, 2), ("1e-24", 1_000_000, 1), ("0", 7, 0), ("2.5", 2, 5), ("1", 1_000_000, 1_000_000),
  ])
  func `of things is what it says on paper, and no more`(text: String, count: Int, up: Int) throws {
    #expect(try #require(Share(text)).of(count, rounded: .up) == up)
  }

  @Test(arguments: 1...999)
  func `of thousandths is that of whole numbers, for counts small and large`(thousandths: Int)
    throws
  {
    let digits = "\(thousandths)"
    let text = "0." + String(repeating: "0", count: 3 - digits.count) + digits
    let share = try #require(Share(text))
    let (whole, rest) = thousandths.quotientAndRemainder(dividingBy: 10)
    #expect(Share("\(whole).\(rest)", isPercent: true) == share)
    for count in [0, 1, 2, 3, 7, 10, 25, 40, 99, 100, 101, 999, 1000] {
      #expect(share.of(count, rounded: .up) == (thousandths * count + 999) / 1000)
      #expect(share.of(count, rounded: .nearest) == (thousandths * count + 500) / 1000)
    }
  }

  @Test func `is rounded to the nearest away from zero`() throws {
    #expect(Share("0.145")?.of(100, rounded: .nearest) == 15)
    #expect(Share("-0.145")?.of(100, rounded: .nearest) == -15)
    #expect(Share("-0.145")?.of(100, rounded: .up) == -14)
    #expect(Share("0.145")?.of(100, rounded: .down) == 14)
    #expect(Share("-0.145")?.of(100, rounded: .down) == -15)
    #expect(Share("0.4")?.of(40, rounded: .down) == 16)
    #expect(Share("0.1449999999999999999")?.of(100, rounded: .nearest) == 14)
    #expect(Share(2).of(.max, rounded: .up) == .max)
  }

  @Test(arguments: [
    "", ".", "-", "e5", "1e", "0x10", "0,8", "1 ", " 1", "nan", "inf", "1e400", "١", "1_0", "--1",
    "1000000", "1e-25", "0.0000000000000000000000001",
  ])
  func `is written in decimal, and neither too large nor too fine`(text: String) {
    #expect(Share(text) == nil)
  }

  @Test(arguments: [
    ("0.50", "0.5"), ("1", "1.0"), ("7e-1", "0.7"), (".25", "0.25"), ("5.", "5.0"),
    ("0.100000000000000000000001", "0.100000000000000000000001"), ("-0.5", "-0.5"), ("-0", "0.0"),
  ])
  func `is printed as a number is, or in full`(text: String, printed: String) {
    #expect(Share(text)?.description == printed)
  }

  @Test(arguments: 0..<1000 as Range<UInt64>)
  func `is next to the number that the standard library reads`(seed: UInt64) throws {
    let value = RandomStream(seed: seed).value(at: 0) % 100_000_000
    let text = "0.\(value)"
    let share = try #require(Share(text))
    #expect(share.value == Double(text))
    #expect(Share(try #require(Double(text))) == share)
    #expect(share < Share(1) && share + share - share == share)
  }
}
