import Codecs
import Measures
import Testing

@Suite struct EdenTests {
  @Test(arguments: [(1, 0.571), (2, 0.133), (3, 0.036), (4, 0.0096)])
  func `the error on normal values is the theory's`(bits: Int, theory: Double) throws {
    let codec = Codec(try CodecSpec(nil, .eden(bits: bits, scale: .unbiased)))
    let values = Samples.normal(1 << 17, seed: 31)
    let decoded = try codec.decode(codec.encode(values, key: 5), count: values.count)
    #expect(abs(Samples.relativeError(decoded, of: values) / theory - 1) < 0.03)
  }

  @Test(arguments: [(1, 0.3634), (2, 0.1175), (3, 0.03454), (4, 0.009497)])
  func `the scale of least error comes to the distortion of the levels`(
    bits: Int, theory: Double
  ) throws {
    // Max, "Quantizing for minimum distortion", 1960, table I.
    let codec = Codec(try CodecSpec(nil, .eden(bits: bits, scale: .leastError)))
    let values = Samples.update(1 << 17, seed: 32)
    let decoded = try codec.decode(codec.encode(values, key: 5), count: values.count)
    #expect(abs(Samples.relativeError(decoded, of: values) / theory - 1) < 0.03)
  }

  @Test func `averaging clients divides the error by their number`() throws {
    let codec = Codec(try CodecSpec(parsing: "eden1"))
    let values = Samples.update(50_000, seed: 33)
    var mean = [Float](repeating: 0, count: values.count)
    for client in 0..<16 {
      let bytes = try codec.encode(values, key: UInt64(client))
      try codec.fold(bytes, count: values.count, weight: 1 / 16, into: &mean)
    }
    #expect(abs(Samples.relativeError(mean, of: values) / (0.571 / 16) - 1) < 0.05)
  }

  @Test(arguments: Samples.lengths.filter { $0 > 32 })
  func `padding costs at most a tenth`(length: Int) throws {
    let size = try #require(Codec(try CodecSpec(parsing: "eden1")).exactSize(of: length)).bytes
    // Seed, a scale per block and fewer than 32 floats at the end.
    let blocks = length / 8192 + 9
    #expect(Double(size) <= 1.1 * Double(length) / 8 + Double(8 + 5 * blocks + 4 * 31))
  }

  @Test func `fewer values than a rotation needs stay exact`() throws {
    let codec = Codec(try CodecSpec(parsing: "eden1"))
    let values = Samples.normal(31, seed: 34)
    #expect(try codec.decode(codec.encode(values, key: 5), count: 31) == values)
  }
}
