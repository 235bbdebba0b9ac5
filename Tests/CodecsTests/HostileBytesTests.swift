import Codecs
import Measures
import Testing

/// Bytes that no encoder made: whatever they are, an error or finite values, and never a crash.
@Suite(.timeLimit(.minutes(2))) struct HostileBytesTests {
  private static let count = 700

  private func codec(_ text: String) throws -> Codec { Codec(try CodecSpec(parsing: text)) }

  /// Decodes if it can; values that come out are finite, and on errors the sums are untouched.
  private func probe(_ codec: Codec, _ bytes: [UInt8], _ comment: @autoclosure () -> String) {
    let before = [Float](repeating: 1, count: Self.count)
    var sums = before
    do throws(CodecError) {
      try codec.fold(bytes, count: Self.count, weight: 0.5, into: &sums)
      if !sums.allSatisfy({ $0.isFinite }) { Issue.record("not finite: \(comment())") }
    } catch {
      if sums != before { Issue.record("sums changed: \(comment())") }
      if "\(error)".isEmpty { Issue.record("an error without words: \(comment())") }
    }
  }

  @Test(arguments: Samples.codecs)
  func `every truncation and extension is an error`(text: String) throws {
    let codec = try codec(text)
    let bytes = try codec.encode(Samples.update(Self.count, seed: 81), key: 3)
    for length in 0..<bytes.count {
      #expect(throws: CodecError.self) {
        try codec.check(Array(bytes[..<length]), count: Self.count)
      }
    }
    for extra in 1...9 {
      #expect(throws: CodecError.self) {
        try codec.check(bytes + Array(repeating: 0, count: extra), count: Self.count)
      }
    }
  }

  @Test(arguments: Samples.codecs.filter { !$0.contains("topk") && !$0.contains("stc") })
  func `another length is an error`(text: String) throws {
    let codec = try codec(text)
    let bytes = try codec.encode(Samples.update(Self.count, seed: 82), key: 3)
    for count in [1, Self.count - 300, Self.count + 400] {
      #expect(throws: CodecError.self) { try codec.decode(bytes, count: count) }
    }
  }

  @Test(arguments: Samples.codecs, 0..<3)
  func `flipped bits and overwritten bytes don't crash`(text: String, seed: UInt64) throws {
    let codec = try codec(text)
    var stream = RandomStream(seed: seed).stream(text)
    let bytes = try codec.encode(Samples.update(Self.count, seed: 83), key: 3)
    for trial in 0..<300 {
      var changed = bytes
      for _ in 0...Int(stream.next() % 3) {
        // Half of the changes hit the headers.
        let reach = stream.next() % 2 == 0 ? min(24, changed.count) : changed.count
        let place = Int(stream.next() % UInt64(reach))
        switch stream.next() % 3 {
        case 0: changed[place] ^= 1 << UInt8(stream.next() % 8)
        case 1: changed[place] = 0xFF
        default: changed[place] = UInt8(truncatingIfNeeded: stream.next())
        }
      }
      probe(codec, changed, "\(text), seed \(seed), trial \(trial)")
    }
  }

  @Test(arguments: Samples.codecs, 0..<3)
  func `random bytes don't crash`(text: String, seed: UInt64) throws {
    let codec = try codec(text)
    var stream = RandomStream(seed: seed).stream("random", text.count)
    let usual = codec.maximumSize(of: Self.count).bytes
    for trial in 0..<200 {
      let length = trial % 2 == 0 ? usual : Int(stream.next() % UInt64(2 * usual))
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
      probe(codec, bytes, "\(text), seed \(seed), trial \(trial)")
    }
  }

  @Test func `floats that aren't finite are refused`() throws {
    let codec = try codec("dense32")
    for value in [Float.nan, .infinity, -.infinity] {
      var bytes = try codec.encode([1, 2, 3], key: 0)
      for byte in 0..<4 {
        bytes[4 + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * byte))
      }
      #expect(throws: CodecError.invalidValue(offset: 0)) { try codec.check(bytes, count: 3) }
    }
  }

  @Test func `a run of zeros in coded gaps ends at the tensor's end`() throws {
    let bytes: [UInt8] = [0] + Array(repeating: 0, count: 100_000)
    #expect(throws: CodecError.positionOutOfRange(position: 700, count: 700)) {
      try codec("topk1").check(bytes, count: 700)
    }
  }

  @Test func `a bitmap with too many or misplaced bits is refused`() throws {
    let codec = try codec("topk60")
    let values = Samples.normal(12, seed: 84)
    var bytes = try codec.encode(values, key: 0)
    #expect(bytes[0] == 255)
    bytes[1] = 255
    bytes[2] = 15
    #expect(throws: CodecError.wrongKeptCount(expected: 8, actual: 12)) {
      try codec.check(bytes, count: 12)
    }
    bytes[1] = 0x7F
    bytes[2] = 0x80
    #expect(throws: CodecError.positionOutOfRange(position: 15, count: 12)) {
      try codec.check(bytes, count: 12)
    }
  }

  @Test func `a compressed bomb is refused without room for it`() throws {
    let zeros = [Float](repeating: 0, count: 1_000_000)
    let bomb = try codec("dense32+zstd").encode(zeros, key: 0)
    #expect(bomb.count < 1000)
    #expect(throws: CodecError.corruptCompression) {
      try codec("dense32+zstd").check(bomb, count: 10)
    }
  }

  @Test(arguments: [2, 255] as [UInt8])
  func `an unknown compression is refused`(flag: UInt8) throws {
    #expect(throws: CodecError.unknownCompression(flag)) {
      try codec("dense32+zstd").check([flag, 0, 0, 0, 0], count: 1)
    }
  }
}
