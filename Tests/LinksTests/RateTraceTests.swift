import Links
import Measures
import Testing

private let milliseconds = "a whole number of milliseconds without a unit"
private let columns = "two, a time and a rate with a comma between them"
private let rate = "kbit/s as in 800, or 0.8 Mbit/s"
private let time = "seconds as in 0.5, or 500 ms"

@Suite struct RateTraceTests {
  private func link(_ trace: RateTrace) -> LinkBox {
    LinkBox(Link(LinkModel(LinkProfile(rate: .trace(trace))), random: RandomStream(seed: 1)))
  }

  @Test func `a mahimahi trace of one line is a constant rate of 1500 bytes a period`() throws {
    let trace = try RateTrace(mahimahi: "1\n")
    #expect(trace.mean.bitsPerSecond == 12_000_000)
    let link = self.link(trace)
    #expect(link.carry(1500, at: .zero)?.departed == .milliseconds(1))
    #expect(link.carry(1, at: .zero)?.departed == .milliseconds(2))
    #expect(link.carry(1499, at: .zero)?.departed == .milliseconds(2))
    #expect(link.carry(1500 * 1000, at: .zero)?.departed == .milliseconds(1002))
  }

  @Test func `opportunities that nobody took are lost`() throws {
    let trace = try RateTrace(mahimahi: "0\r\n5\r\n5\r\n\r\n  10")
    #expect(trace.period == .milliseconds(10))
    #expect(trace.count == 3)
    let link = self.link(trace)
    #expect(link.carry(3000, at: .milliseconds(2))?.departed == .milliseconds(5))
    // At 10 and at 0 of the next period there is one each.
    #expect(link.carry(1500, at: .milliseconds(7))?.departed == .milliseconds(10))
    #expect(link.carry(3001, at: .milliseconds(12))?.departed == .milliseconds(20))
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `a message leaves with the opportunity that a count of lines finds`(seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    var times: [Int] = []
    var time = 0
    for _ in 0..<200 {
      time += Int(random.next() % 20)
      times.append(time)
    }
    times.append(time + 1)
    let text = times.map(String.init).joined(separator: "\n")
    let trace = try RateTrace(mahimahi: text)
    let period = time + 1
    for start in stride(from: 0, to: 3 * period, by: 37) {
      let count = 1 + Int(random.next() % 500)
      // Walk through the lines: those after the start, one by one.
      var left = count
      var departure = 0
      var base = start / period * period
      walk: while true {
        for line in times where base + line > start {
          left -= 1
          departure = base + line
          if left == 0 { break walk }
        }
        base += period
      }
      let link = self.link(trace)
      let transit = try #require(link.carry(1500 * count, at: .milliseconds(start)))
      #expect(transit.departed == .milliseconds(departure), "\(start) \(count)")
    }
  }

  @Test(arguments: [
    ("", TraceError.empty), ("\n\n", .empty),
    ("1\nx\n", .malformed(line: 2, found: "\"x\"", expected: milliseconds)),
    ("1\n+2", .malformed(line: 2, found: "\"+2\"", expected: milliseconds)),
    ("1\n1.5", .malformed(line: 2, found: "\"1.5\"", expected: milliseconds)),
    ("1\n2 ms", .malformed(line: 2, found: "\"2 ms\"", expected: milliseconds)),
    ("0x10", .malformed(line: 1, found: "\"0x10\"", expected: milliseconds)),
    (
      "0,800",
      .malformed(
        line: 1, found: "\"0,800\"",
        expected: milliseconds + "; a file of times and rates has a name that ends in .csv")
    ),
    (
      "1\n99999999999999999999",
      .outOfRange(
        line: 2, value: "99999999999999999999 ms", allowed: "0 to 31622400000 ms")
    ),
    ("5\n\n4", .goesBack(line: 3, time: "4 ms", previous: "5 ms")),
    ("-1", .outOfRange(line: 1, value: "-1 ms", allowed: "0 to 31622400000 ms")),
    ("0\n0", .outOfRange(line: 2, value: "a last time of 0 ms", allowed: "at least 1 ms")),
  ])
  func `a mahimahi trace that is wrong says where`(text: String, error: TraceError) {
    #expect(throws: error) { try RateTrace(mahimahi: text) }
  }

  @Test func `a course of the rate is followed exactly and repeats`() throws {
    let trace = try RateTrace(csv: "seconds,kbit/s\n# comment\n0,800\n10,0\n20, 1600\n30,0\n")
    #expect(trace.period == .seconds(30))
    #expect(trace.mean.bitsPerSecond == 800_000)
    let link = self.link(trace)
    // 1 MB in the first ten seconds, none in the next, 2 MB in the last.
    #expect(link.carry(500_000, at: .zero)?.departed == .seconds(5))
    #expect(link.carry(500_001, at: .zero)?.departed.isWithin(1e-6, of: .seconds(20)) == true)
    #expect(
      link.carry(4_000_000, at: .seconds(25))?.departed.isWithin(1e-9, of: .seconds(60)) == true)
  }

  @Test(arguments: [
    "0,8 Mbit/s\n500 ms,16 Mbit/s\n1,0\n", "0,8Mbit/s\n0.5 s,2 MB/s\n1000 ms,0\n",
    "time (s),rate [Mbit/s]\n0,8\n0.5,16\n1,0\n", "time_ms,rate_mbps\n0,8\n500,16\n1000,0\n",
    "\u{FEFF}0,8000\r\n0.5,16000\r\n1,0\r\n", "\u{FEFF}seconds,kbit/s\r0,8000\r0.5,16000\r1,0",
    "\"seconds\",\"kbps\"\n\"0\",\"8000\"\n\"0.5\",\"16000\"\n\"1\",\"0\"\n",
    "ms,bps\n0,8e6\n500,16e6\n1 s,0 kbit/s\n", "t,r\n0 , 8000 kbit/s\n.5, 16000\n1., 0\n",
    "0,8\u{A0}Mbit/s\n500\u{A0}ms,16 Mb/s\n1,0\n",
  ])
  func `units are read, in cells and in headings`(text: String) throws {
    #expect(
      try RateTrace(csv: text)
        == RateTrace([(kilobits(8000), .seconds(0.5)), (kilobits(16_000), .seconds(0.5))]))
  }

  @Test func `a mark of the byte order and other ends of lines change nothing`() throws {
    #expect(try RateTrace(mahimahi: "\u{FEFF}1\r\n5\r7") == RateTrace(mahimahi: "1\n5\n7\n"))
    let device = "{\"1\": {\"computation\": 5, \"communication\": 800}}"
    #expect(
      try FedScaleDevice.devices(json: "\u{FEFF}" + device) == FedScaleDevice.devices(json: device))
    for number in ["+5", "0x5", "5,5", "\"5\"", "5 ms", "NaN"] {
      let text = device.replacing("5,", with: "\(number),")
      #expect(throws: TraceError.self, "\(number)") { try FedScaleDevice.devices(json: text) }
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func `the time of a message is the integral of the rate`(seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    let rates = (0..<20).map { _ in random.next() % 4 == 0 ? 0 : 100 + random.uniform() * 5000 }
    let trace = RateTrace(rates.map { (kilobits($0), .seconds(1)) })
    for _ in 0..<20 {
      let start = random.uniform() * 50
      let bytes = 1 + Int(random.next() % 20_000_000)
      var (left, time) = (Double(bytes), start)
      while left > 1e-3 {
        let rate = rates[Int(time.rounded(.down)) % 20] * 125
        let length = time.rounded(.down) + 1 - time
        let step = rate > 0 ? min(length, left / rate) : length
        left -= rate * step
        time = step < length ? time + step : time.rounded(.down) + 1
      }
      let link = self.link(trace)
      let transit = try #require(link.carry(bytes, at: .seconds(start)))
      #expect((transit.departed.seconds - time).magnitude < 1e-4)
    }
  }

  @Test(arguments: [
    ("", TraceError.empty), ("seconds,rate\n", .empty), ("0,5\n", .empty),
    ("0,5\n1,5,6", .malformed(line: 2, found: "3 columns", expected: columns)),
    ("0;5\n1;5", .malformed(line: 1, found: "1 column", expected: columns)),
    ("0,5\n1,fast", .malformed(line: 2, found: "\"fast\"", expected: rate)),
    ("0,0x1F40\n1,5", .malformed(line: 1, found: "\"0x1F40\"", expected: rate)),
    ("0,8 furlongs/s\n1,5", .malformed(line: 1, found: "\"8 furlongs/s\"", expected: rate)),
    ("0,8 M\n1,5", .malformed(line: 1, found: "\"8 M\"", expected: rate)),
    ("0,8\n1 day,5", .malformed(line: 2, found: "\"1 day\"", expected: time)),
    ("\"0\",\"1,5\"\n1,5", .malformed(line: 1, found: "\"1,5\"", expected: rate)),
    ("0,\u{200B}8\n1,5", .malformed(line: 1, found: "\"<U+200B>8\"", expected: rate)),
    ("nan,8\n1,5", .malformed(line: 1, found: "\"nan\"", expected: time)),
    ("time,8\n1,5", .malformed(line: 1, found: "\"time\"", expected: time)),
    (
      "seconds,packets\n0,8\n1,5",
      .malformed(line: 1, found: "the unit \"packets\"", expected: rate)
    ),
    ("s,MBps\n0,8\n1,5", .malformed(line: 1, found: "the unit \"MBps\"", expected: rate)),
    ("us,kbps\n0,8\n1,5", .malformed(line: 1, found: "the unit \"us\"", expected: time)),
    ("1,5\n2,5", .outOfRange(line: 1, value: "a first time of 1.0 s", allowed: "0 s")),
    ("0,5\n2,5\n2,5", .goesBack(line: 3, time: "2.0 s", previous: "2.0 s")),
    ("0,-5\n1,5", .outOfRange(line: 1, value: "-5.0", allowed: "0 to 1000000000000.0")),
    ("0,nan\n1,5", .malformed(line: 1, found: "\"nan\"", expected: rate)),
    ("0,1e300\n1,5", .outOfRange(line: 1, value: "1e+300", allowed: "0 to 1000000000000.0")),
    ("0,0\n5,7", .noCapacity),
  ])
  func `a course of the rate that is wrong says where`(text: String, error: TraceError) {
    #expect(throws: error) { try RateTrace(csv: text) }
    #expect(!error.description.isEmpty)
  }

  @Test(arguments: 1...300 as ClosedRange<UInt64>)
  func `no bytes crash a reader`(seed: UInt64) {
    var random = RandomStream(seed: seed)
    let alphabet = Array("0123456789.,-+eE#\n\r {}[]\":naif\\tru\u{0}é")
    let text = String(
      (0..<Int(random.next() % 200)).map { _ in
        alphabet[Int(random.next() % UInt64(alphabet.count))]
      })
    _ = try? RateTrace(mahimahi: text)
    _ = try? RateTrace(csv: text)
    _ = try? FedScaleDevice.devices(json: text)
    _ = try? FedScaleDevice.devices(json: "{\"1\": {" + text)
    _ = try? AvailabilityTrace.traces(fedScaleJSON: "{\"1\": {\"active\": [" + text)
    #expect(throws: TraceError.self) { try FedScaleDevice.devices(json: "[" + text) }
  }

  @Test func `a trace under loss keeps to the cap and to the rate`() throws {
    let loss = GilbertElliott.independent(rate: 0.01)
    let trace = RateTrace([(kilobits(100), .seconds(10)), (kilobits(100_000), .seconds(10))])
    let profile = LinkProfile(
      rate: .trace(trace), loss: loss, roundTrip: .milliseconds(100), congestion: .mathis)
    let link = LinkBox(Link(LinkModel(profile), random: RandomStream(seed: 1)))
    let cap = 1.22 * 1448 / (0.1 * 0.1)
    let transit = try #require(link.carry(1_000_000, at: .zero))
    let bytes = Double(1_000_000 + 1514 * transit.retransmitted)
    #expect(transit.departed.isWithin(1e-6, of: .seconds(10 + (bytes - 125_000) / cap)))
  }
}
