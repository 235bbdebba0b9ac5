import Datasets
import Federation
import LocalTraining
import Tensors
import Testing
import Wire

/// Sums over clients' samples, and the normalization that they make, against plain arithmetic.
struct LocalSumsTests {
  /// Samples of 3 channels of 2×2 floating-point numbers, of which channel 1 lies far from zero.
  private static func values(of client: Int) -> [Float] {
    (0..<12 * (5 + client)).map { index in
      let channel = index / 4 % 3
      let wave = Float((index * 7919 + client * 104_729) % 1000) / 1000 - 0.5
      return [wave * 3, 1000 + wave / 8, wave * wave][channel]
    }
  }

  private static func dataset(_ pixels: Pixels) -> Dataset {
    let samples = pixels.count / 12
    return Dataset(
      name: "own", input: [3, 2, 2], classes: 2, normalization: .none(channels: 3), pixels: pixels,
      labels: Array(repeating: 0, count: samples))
  }

  private static func sums(_ choice: SampleChoice, minimum: Int = 1) throws -> SampleSums {
    guard case .measured(let sums) = LocalSums(over: choice, minimum: minimum) else {
      throw LackingSumsOfTest()
    }
    return sums
  }

  private struct LackingSumsOfTest: Error {}

  @Test func `the normalization of all clients' sums is that of their samples in one place`() throws
  {
    let parts = (0..<4).map { Self.values(of: $0) }
    let result = MeasuringResult(
      sums: try parts.enumerated().map { client, values in
        (client, try Self.sums(SampleChoice(all: Self.dataset(.floats(values)))))
      }, opened: .zero, closed: .zero)
    let made = try #require(result.normalization)
    let all = parts.flatMap(\.self)
    #expect(result.total?.samples == all.count / 12)
    for channel in 0..<3 {
      // In two passes over all samples, as nobody has them.
      let own = all.indices.filter { $0 / 4 % 3 == channel }.map { Double(all[$0]) }
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count)
      #expect(abs(Double(made.means[channel]) - mean) <= 1e-6 * max(1, abs(mean)))
      let deviation = variance.squareRoot()
      #expect(abs(Double(made.deviations[channel]) - deviation) < 1e-4 * deviation)
    }
    let normalization = Normalization(made)
    #expect(normalization.means == made.means && normalization.deviations == made.deviations)
  }

  @Test func `bytes count from 0 to 1, and their sums are exact`() throws {
    let bytes = (0..<120).map { UInt8(truncatingIfNeeded: $0 * 97) }
    let sums = try Self.sums(SampleChoice(all: Self.dataset(.bytes(bytes))))
    #expect(sums.samples == 10 && sums.values == 40 && sums.labels.isEmpty)
    for channel in 0..<3 {
      let own = bytes.indices.filter { $0 / 4 % 3 == channel }.map { Int(bytes[$0]) }
      #expect(sums.sums[channel] == Double(own.reduce(0, +)) / 255)
      #expect(sums.squares[channel] == Double(own.reduce(0) { $0 + $1 * $1 }) / 65025)
    }
  }

  @Test func `only the samples that are trained on are added, whatever their normalization`() throws
  {
    let values = Self.values(of: 2)
    let dataset = Self.dataset(.floats(values))
    let some = try Self.sums(SampleChoice(dataset, [1, 3]))
    let alone = try Self.sums(
      SampleChoice(all: Self.dataset(.floats(Array(values[12..<24] + values[36..<48])))))
    #expect(some == alone)
    let scaled = dataset.normalized(by: Normalization(means: [9, 9, 9], deviations: [2, 2, 2]))
    #expect(try Self.sums(SampleChoice(scaled, [1, 3])) == some)
  }

  @Test func `where numbers are told in multiples, so are those of sums, with the same means`()
    throws
  {
    let choice = SampleChoice(all: Self.dataset(.floats(Self.values(of: 0))))
    let exact = try Self.sums(choice)
    guard case .measured(let told) = LocalSums(over: choice, minimum: 1, unit: 4) else {
      Issue.record("it has no sums")
      return
    }
    #expect(exact.samples == 5 && told.samples == 8 && told.values == 32)
    for channel in 0..<3 {
      let means = [exact, told].map { $0.sums[channel] / Double($0.values) }
      #expect(abs(means[0] - means[1]) <= 1e-12 * abs(means[0]))
      let squares = [exact, told].map { $0.squares[channel] / Double($0.values) }
      #expect(abs(squares[0] - squares[1]) <= 1e-12 * squares[0])
    }
    guard case .measured(let plain) = LocalSums(over: choice, minimum: 1, unit: 1) else {
      Issue.record("it has no sums")
      return
    }
    #expect(plain == exact)
  }

  @Test func `a client with too few samples, or with one that is no number, tells nothing`() {
    let dataset = Self.dataset(.floats(Self.values(of: 0)))
    guard case .failed(.noData, let few) = LocalSums(over: SampleChoice(dataset, [0]), minimum: 2),
      case .failed(.noData, _) = LocalSums(over: SampleChoice(dataset, []), minimum: 1)
    else {
      Issue.record("it has sums")
      return
    }
    #expect(few.contains("the 2 of evaluation.minimum.samples"))
    // Whoever tells rounded numbers tells no exact one here.
    let choice = SampleChoice(dataset, [0, 1, 2])
    guard case .failed(_, let words) = LocalSums(over: choice, minimum: 5, unit: 10) else {
      Issue.record("it has sums")
      return
    }
    #expect(words.filter(\.isNumber) == "5", "\(words)")
    let broken = Self.dataset(.floats([.infinity] + Array(repeating: 0, count: 11)))
    guard case .failed(.badData, _) = LocalSums(over: SampleChoice(all: broken), minimum: 1) else {
      Issue.record("it has sums")
      return
    }
  }
}
