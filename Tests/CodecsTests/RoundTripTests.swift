import Codecs
import Measures
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: Samples.codecs, Samples.lengths)
  func `what is encoded decodes, in the size foretold`(text: String, length: Int) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    let values = Samples.update(length, seed: UInt64(length))
    let bytes = try codec.encode(values, key: 7)
    if let exact = codec.exactSize(of: length) { #expect(exact.bytes == bytes.count) }
    #expect(bytes.count <= codec.maximumSize(of: length).bytes)
    try codec.check(bytes, count: length)
    let decoded = try codec.decode(bytes, count: length)
    #expect(decoded.count == length)
    #expect(decoded.allSatisfy { $0.isFinite })
    #expect(try codec.encode(values, key: 7) == bytes, "equal keys give equal bytes")
  }

  @Test(arguments: Samples.codecs, [1, 65, 9000])
  func `folding adds the weighted values and nothing else`(text: String, length: Int) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    let bytes = try codec.encode(Samples.normal(length, seed: 3), key: 1)
    let decoded = try codec.decode(bytes, count: length)
    let before = Samples.normal(length + 9, seed: 4)
    var sums = before
    try codec.fold(bytes, count: length, weight: 0.3, into: &sums, at: 5)
    for index in sums.indices {
      let value = decoded.indices.contains(index - 5) ? decoded[index - 5] : 0
      let expected = before[index] + 0.3 * value
      if sums[index] != expected {
        Issue.record("\(sums[index]) at \(index) where \(expected) was expected")
        return
      }
    }
  }

  @Test(arguments: Samples.codecs)
  func `no values take no room`(text: String) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    let bytes = try codec.encode([], key: 1)
    #expect(bytes.count == (text.hasSuffix("zstd") ? 1 : 0))
    #expect(try codec.decode(bytes, count: 0) == [])
  }

  @Test(arguments: Samples.codecs, Samples.lengths)
  func `zeros stay zeros`(text: String, length: Int) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    let zeros = [Float](repeating: 0, count: length)
    #expect(try codec.decode(codec.encode(zeros, key: 9), count: length) == zeros)
  }

  @Test(arguments: Samples.codecs, [Float.leastNonzeroMagnitude, 0x1p-126, 0x1p-100, 0x1p64])
  func `the smallest and largest magnitudes stay finite and in proportion`(
    text: String, magnitude: Float
  ) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    let values = Samples.normal(100, seed: 5).map { max(-1, min(1, $0)) * magnitude }
    let decoded = try codec.decode(codec.encode(values, key: 2), count: 100)
    #expect(decoded.allSatisfy { abs($0) <= 100 * magnitude })
  }

  @Test(arguments: Samples.codecs, [Float.nan, .infinity, -.infinity, .signalingNaN])
  func `a value that isn't finite is refused with its place`(text: String, value: Float) throws {
    let codec = Codec(try CodecSpec(parsing: text))
    for index in [0, 8, 63, 99] {
      var values = Samples.normal(100, seed: 6)
      values[index] = value
      #expect(throws: CodecError.notFinite(index: index)) { try codec.encode(values, key: 2) }
    }
  }

  @Test(arguments: Samples.codecs)
  func `a value too large to scale is refused, unless sent as it is`(text: String) throws {
    let spec = try CodecSpec(parsing: text)
    var values = Samples.normal(100, seed: 6)
    values[41] = -3e38
    if ["dense32", "topk1", "topk10", "topk60", "topk1+zstd"].contains(text) {
      #expect(try Codec(spec).decode(Codec(spec).encode(values, key: 1), count: 100).count == 100)
    } else {
      #expect(throws: CodecError.tooLarge(index: 41, limit: 0x1p64)) {
        try Codec(spec).encode(values, key: 1)
      }
    }
  }

  @Test func `random positions of large values that overflow when scaled are refused`() throws {
    let codec = Codec(try CodecSpec(parsing: "random1"))
    let values = [Float](repeating: 3e38, count: 100)
    #expect(throws: CodecError.tooLarge(index: 0, limit: 0x1p64)) {
      try codec.encode(values, key: 1)
    }
  }
}
