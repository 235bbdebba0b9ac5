import Measures
import Reports
import Testing

@Suite struct PlotTests {
  @Test(arguments: 0..<40)
  func `a scale keeps all values and few marks inside its pixels`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    let magnitude = [1e-9, 1e-3, 1, 1e6, 1e15][Int(seed) % 5]
    let values = (0..<Int.random(in: 1...20, using: &stream)).map { _ in
      magnitude * (seed % 2 == 0 ? stream.uniform() + 1e-6 : 1000 * stream.uniform() + 1)
    }
    for (kind, isTight) in [
      (Scale.Kind.linear, false), (.linear, true), (.logarithmic, false), (.time, false),
      (.time, true),
    ] {
      let scale = Scale(covering: values, kind: kind, isTight: isTight, pixels: (300, 10))
      let slack = 1e-9 * (scale.domain.upperBound - scale.domain.lowerBound)
      for value in values {
        #expect(value >= scale.domain.lowerBound - slack)
        #expect(value <= scale.domain.upperBound + slack)
      }
      #expect((1...22).contains(scale.ticks.count), "\(scale.ticks) for \(values)")
      let places = scale.ticks.map(scale.position(_:))
      #expect(places.allSatisfy { $0 >= 10 - 1e-6 && $0 <= 300 + 1e-6 })
      #expect(places == places.sorted(by: >))
    }
  }

  @Test(arguments: [[], [0], [-1, 0], [.nan, .infinity], [5, 5, 5], [0, 1e300]] as [[Double]])
  func `odd values make a scale all the same`(values: [Double]) {
    for kind in [Scale.Kind.linear, .logarithmic, .time] {
      let scale = Scale(covering: values, kind: kind, pixels: (0, 100))
      #expect(scale.domain.lowerBound < scale.domain.upperBound)
      #expect(!scale.ticks.isEmpty)
      #expect((values + [3]).filter(\.isFinite).allSatisfy { scale.position($0).isFinite })
    }
  }

  @Test(arguments: 0..<20)
  func `each value is in one bin`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    let whole = seed % 2 == 0
    let values = (0..<Int.random(in: 1...200, using: &stream)).map { _ in
      whole ? Double(Int.random(in: 0..<30, using: &stream)) : stream.normal()
    }
    let bins = Histogram(values, bins: 7).bins
    #expect(bins.map(\.count).reduce(0, +) == values.count)
    #expect((1...7).contains(bins.count))
    for (index, bin) in bins.enumerated().dropLast() where whole {
      let upper = bins[index + 1].lower
      #expect(bin.count == values.count { $0 >= bin.lower && $0 < upper })
    }
    #expect(Histogram([], bins: 3).bins.isEmpty)
  }

  @Test(arguments: [
    (0.0, "0 ms"), (0.85, "850 ms"), (9.994, "9.99 s"), (12.34, "12.3 s"), (59.94, "59.9 s"),
    (59.96, "1 m 0 s"), (250, "4 m 10 s"), (3599.6, "1 h 0 m"), (11520, "3 h 12 m"),
    (187_200, "2 d 4 h"), (-1, "0 ms"), (1e17, "for ever"),
  ])
  func `durations are told by their two leading units`(seconds: Double, text: String) {
    #expect(Duration.seconds(seconds).brief == text)
  }

  @Test(arguments: [
    (0.0, "0"), (7, "7"), (640, "640"), (999.6, "1.00 k"), (1200, "1.20 k"), (0.5, "0.50"),
    (3.57e9, "3.57 G"), (12_345_678, "12.3 M"), (1e21, "1.00 Z"),
  ])
  func `numbers are told by three digits`(number: Double, text: String) {
    #expect(number.brief == text)
  }
}
