import Codecs
import Measures
import Testing

@Suite struct ErrorBoundTests {
  private func decoded(_ text: String, _ values: [Float]) throws -> [Float] {
    let codec = Codec(try CodecSpec(parsing: text))
    return try codec.decode(codec.encode(values, key: 17), count: values.count)
  }

  @Test(arguments: Samples.lengths)
  func `dense values come back exactly`(length: Int) throws {
    var values = Samples.normal(length, seed: 41)
    values[0] = -.leastNonzeroMagnitude
    #expect(try decoded("dense32", values) == values)
    #expect(try decoded("dense32+zstd", values) == values)
  }

  @Test(arguments: 1...8, [10, 999])
  func `linear rounding goes to a neighbouring level`(bits: Int, length: Int) throws {
    let values = Samples.update(length, seed: 42)
    let step = (values.max()! - values.min()!) / Float(1 << bits - 1)
    for (value, exact) in zip(try decoded("linear\(bits)", values), values) {
      #expect(abs(value - exact) <= step * 1.0001)
    }
  }

  @Test func `a block of its own narrows the range`() throws {
    let values = Samples.normal(64, seed: 1) + Samples.normal(64, seed: 2).map { $0 * 1000 }
    let head = Array(values[..<64])
    let whole = Samples.relativeError(Array(try decoded("linear8", values)[..<64]), of: head)
    let blocks = Samples.relativeError(Array(try decoded("linear8b64", values)[..<64]), of: head)
    #expect(blocks < whole / 1000)
  }

  @Test(arguments: ["linear3", "cosine2", "sign"])
  func `a constant comes back`(text: String) throws {
    for value in try decoded(text, [Float](repeating: 0.7, count: 64)) {
      #expect(abs(value - 0.7) < 1e-5)
    }
  }

  @Test func `rotation helps where few values are large`() throws {
    var values = Samples.normal(8192, seed: 43)
    values[5] = 300
    let plain = Samples.relativeError(try decoded("linear4", values), of: values)
    let rotated = Samples.relativeError(try decoded("hadamard4", values), of: values)
    #expect(rotated < plain / 5)
  }

  @Test(arguments: [("random10", 10), ("random25", 4), ("random50", 2)])
  func `random positions carry their value times one over the share`(
    text: String, factor: Int
  ) throws {
    let values = Samples.normal(1000, seed: 44)
    let decoded = try decoded(text, values)
    #expect(decoded.count { $0 != 0 } == 1000 / factor)
    for (value, exact) in zip(decoded, values) where value != 0 {
      #expect(value == Float(factor) * exact)
    }
  }

  @Test(arguments: Samples.lengths)
  func `top-k keeps the largest and nothing else`(length: Int) throws {
    let values = Samples.update(length, seed: 45)
    let kept = (length + 9) / 10
    let order = values.indices.sorted { abs(values[$0]) > abs(values[$1]) }
    var expected = [Float](repeating: 0, count: length)
    for index in order.prefix(kept) { expected[index] = values[index] }
    #expect(try decoded("topk10", values) == expected)
  }

  @Test func `STC sends the mean magnitude of the kept with their signs`() throws {
    let values = Samples.update(2000, seed: 46)
    let top = try decoded("topk5", values)
    let mean = top.reduce(0) { $0 + Double(abs($1)) } / 100
    for (ternary, value) in zip(try decoded("stc5", values), top) {
      #expect(abs(Double(ternary) - (value == 0 ? 0 : value > 0 ? mean : -mean)) < 1e-6)
    }
  }

  @Test func `QSGD keeps zeros`() throws {
    let values = Samples.sparse(500, seed: 47)
    for (value, exact) in zip(try decoded("qsgd4", values), values) where exact == 0 {
      #expect(value == 0)
    }
  }

  @Test func `Zstandard shrinks what is far from random`() throws {
    let values = Samples.sparse(10_000, seed: 48)
    let plain = try Codec(CodecSpec(parsing: "qsgd4")).encode(values, key: 1).count
    let compressed = try Codec(CodecSpec(parsing: "qsgd4+zstd")).encode(values, key: 1).count
    #expect(compressed < plain / 2)
    let random = try Codec(CodecSpec(parsing: "eden1+zstd")).encode(values, key: 1).count
    let exact = try #require(Codec(CodecSpec(parsing: "eden1")).exactSize(of: 10_000))
    #expect(random == exact.bytes + 1)
  }
}

@Suite struct CodecBenchmarkTests {
  @Test(arguments: CodecBenchmark.usual)
  func `the benchmark measures what it lists`(text: String) throws {
    let benchmark = CodecBenchmark(count: 20_000, repetitions: 1)
    let result = try benchmark.measure(CodecSpec(parsing: text), clock: ContinuousClock())
    let spec = try CodecSpec(parsing: text)
    #expect(result.codec == spec.description)
    let expected = 8 * Double(Codec(spec).expectedSize(of: 20_000).bytes) / 20_000
    // What compression saves isn't expected.
    #expect(spec.isCompressed || result.bitsPerParameter / expected > 0.98)
    #expect(result.bitsPerParameter / expected < 1.02)
    #expect((text == "dense32") == (result.relativeSquaredError == 0))
    // The seconds are the machine's; their ratio is what is told of them.
    let ratio = result.foldGigaelementsPerSecond / result.limitGigaelementsPerSecond
    #expect(abs(result.foldRatio / ratio - 1) < 1e-9)
  }
}
