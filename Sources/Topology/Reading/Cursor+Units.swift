import Links
import Measures

extension Cursor {
  /// A duration in `range`: a number and its unit, as in "30 s", "5 min" or "200 ms".
  func duration(_ range: ClosedRange<Duration>, example: String = "30 s") -> Duration? {
    let units = [("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600), ("d", 86400)]
    guard let seconds = measure("a duration", units, example: example) else { return nil }
    let ends = (range.lowerBound.seconds, range.upperBound.seconds)
    guard (ends.0...ends.1).contains(seconds) else {
      report(
        "is \(spelled)",
        remedy: "write \(Self.decimal(ends.0)) s to \(Self.decimal(ends.1)) s")
      return nil
    }
    return .nanoseconds(Int64((seconds * 1e9).rounded()))
  }

  /// A number of bytes in `range`: a number and its unit, as in "64 MB" or "256 KiB".
  func byteCount(_ range: ClosedRange<Int>) -> ByteCount? {
    let units: [(String, Double)] = [
      ("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("KiB", 1024), ("MiB", 1_048_576),
      ("GiB", 1_073_741_824),
    ]
    guard let bytes = measure("a number of bytes", units, example: "64 MB") else { return nil }
    guard bytes >= Double(range.lowerBound), bytes <= Double(range.upperBound) else {
      report(
        "is \(spelled)",
        remedy: "write \(ByteCount(range.lowerBound)) to \(ByteCount(range.upperBound))")
      return nil
    }
    return ByteCount(Int(bytes.rounded()))
  }

  /// A data rate: a number and its unit, as in "2 Mbit/s".
  func bandwidth() -> Bandwidth? {
    let units = [("bit/s", 1.0), ("kbit/s", 1e3), ("Mbit/s", 1e6), ("Gbit/s", 1e9)]
    guard let rate = measure("a data rate", units, example: "2 Mbit/s") else { return nil }
    guard (1...1e15).contains(rate) else {
      report("is \(spelled)", remedy: "write 1 bit/s to 1000000 Gbit/s")
      return nil
    }
    return Bandwidth(bitsPerSecond: rate)
  }

  /// A device's speed in training: "5 GFLOP/s", or "40 samples/s" of the full model.
  func computeSpeed() -> ComputeSpeed? {
    let isSamples = word?.hasSuffix("samples/s") == true
    let units =
      isSamples
      ? [("samples/s", 1.0)]
      : [("MFLOP/s", 1e6), ("GFLOP/s", 1e9), ("TFLOP/s", 1e12), ("samples/s", 1)]
    guard let speed = measure("a speed", units, example: "5 GFLOP/s") else { return nil }
    guard (1e-6...1e18).contains(speed) else {
      report("is \(spelled)", remedy: "write a speed above 0, as in 5 GFLOP/s")
      return nil
    }
    return isSamples ? .samplesPerSecond(speed) : .flopsPerSecond(speed)
  }

  /// A number with one of the units, in terms of the unit whose factor is 1.
  private func measure(
    _ what: String, _ units: [(name: String, factor: Double)], example: String
  ) -> Double? {
    let names = units.map(\.name)
    guard let word, let end = word.firstIndex(where: { !"0123456789.".contains($0) }),
      let number = Self.number(String(word[..<end])),
      let unit = units.first(where: { $0.name == Self.trimmed(word[end...]) })
    else {
      expected(
        what,
        remedy:
          "\(pointRemedy)write a number and its unit as in \(example); units are \(Self.list(names))"
      )
      return nil
    }
    return number * unit.factor
  }
}
