import Codecs
import Measures
import Testing

@Suite struct UnbiasednessTests {
  /// The squared error of the mean of `trials` decoded vectors, relative to that of one over
  /// `trials`.
  private func biasRatio(_ codec: Codec, _ values: [Float], trials: Int) throws -> Double {
    var mean = [Double](repeating: 0, count: values.count)
    var single = 0.0
    for trial in 0..<trials {
      let key = RandomStream(seed: 11).stream("trial", trial).key
      let bytes = try codec.encode(values, key: key)
      let decoded = try codec.decode(bytes, count: values.count)
      single += Samples.relativeError(decoded, of: values)
      for index in mean.indices { mean[index] += Double(decoded[index]) / Double(trials) }
    }
    let expected = single / Double(trials) / Double(trials)
    // Rounding to 32 bits has a floor of its own.
    return Samples.relativeError(mean.map(Float.init), of: values) / (expected + 1e-13)
  }

  @Test(
    arguments: [
      "linear1", "linear2", "linear4", "linear8", "linear4b64", "hadamard1", "hadamard4", "cosine1",
      "cosine4", "qsgd2", "qsgd8", "random10", "random60", "linear8+random25",
      "hadamard4+random10", "cosine4+random10", "qsgd4+random10+zstd", "eden4", "eden0.1",
    ], [1, 37, 600])
  func `the mean of many encodings comes to the value`(text: String, length: Int) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    // One on average; five standard deviations of a mean of squares of normal values, or of one.
    let bound = 1 + 5 * (6 / Double(length)).squareRoot()
    #expect(try biasRatio(codec, Samples.normal(length, seed: 21), trials: 600) < bound)
  }

  /// The distance of the mean of ⟨x̂, x⟩ / ‖x‖² from 1 over many encodings, in standard errors.
  private func scaleError(_ codec: Codec, _ values: [Float], trials: Int) throws -> Double {
    let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    let scales = try (0..<trials).map { trial in
      let key = RandomStream(seed: 12).stream("trial", trial).key
      let decoded = try codec.decode(codec.encode(values, key: key), count: values.count)
      return zip(decoded, values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / norm
    }
    let mean = scales.reduce(0, +) / Double(trials)
    let squares = scales.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(trials - 1) / Double(trials)).squareRoot()
    return abs(mean - 1) / (deviation + 1e-6)
  }

  @Test(arguments: [
    "linear1", "linear2", "linear4b64", "hadamard1", "hadamard4", "cosine1", "qsgd2", "qsgd8",
    "random10", "linear8+random25", "eden1", "eden2", "eden0.1", "eden0.5",
  ])
  func `encodings are as large as the value on average`(text: String) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    #expect(try scaleError(codec, Samples.normal(600, seed: 22), trials: 1000) < 5)
  }

  @Test(arguments: ["sign", "eden1mse", "topk10", "stc10"])
  func `a codec that shrinks what it encodes is seen as such`(text: String) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    #expect(try scaleError(codec, Samples.normal(600, seed: 22), trials: 50) > 20)
  }

  @Test(arguments: 1...4)
  func `EDEN has little bias on normal, spread and sparse values`(bits: Int) throws {
    let codec = Codec(try CodecSpec(nil, .eden(bits: bits, scale: .unbiased)))
    for values in [
      Samples.normal(1024, seed: 1), Samples.update(3000, seed: 2), Samples.sparse(4096, seed: 3),
    ] {
      #expect(try biasRatio(codec, values, trials: 100) < 1.3)
    }
  }

  @Test(arguments: ["sign", "eden1mse", "topk10"])
  func `a biased codec is seen as such`(text: String) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    #expect(try biasRatio(codec, Samples.update(600, seed: 21), trials: 100) > 3)
  }
}
