import Bytes
import Foundation
import Testing

@Suite struct DigestTests {
  private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  /// FIPS 180-4's example.
  @Test func `the digest of abc`() {
    let digest = Digest(of: Array("abc".utf8))
    #expect(digest.hex == abc)
    #expect(digest.short == abc.prefix(16))
    #expect("\(digest)" == abc)
  }

  @Test func `hexadecimal digits are read back, in either case`() {
    #expect(Digest(hex: abc) == Digest(of: Array("abc".utf8)))
    #expect(Digest(hex: abc.uppercased())?.hex == abc)
  }

  @Test func `other texts are no digests`() {
    let wide = String(repeating: "１", count: 64)  // digits, but not of ASCII
    let texts = [
      "", String(abc.dropLast()), abc + "0", "g" + abc.dropFirst(), "é" + abc.dropFirst(), wide,
    ]
    for text in texts { #expect(Digest(hex: text) == nil, "\(text)") }
  }

  @Test(arguments: 0...64)
  func `a digest has 32 bytes`(count: Int) {
    let digest = Digest(bytes: Array(repeating: 9 as UInt8, count: count))
    #expect((digest != nil) == (count == 32))
  }

  @Test func `JSON has the hexadecimal digits, and nothing else is read`() throws {
    let digest = Digest(of: Array("abc".utf8))
    #expect(String(decoding: try JSONEncoder().encode([digest]), as: UTF8.self) == "[\"\(abc)\"]")
    #expect(try JSONDecoder().decode([Digest].self, from: Data("[\"\(abc)\"]".utf8)) == [digest])
    for text in ["\"\"", "\"\(abc.dropLast())\"", "1", "null", "{}"] {
      #expect(throws: DecodingError.self, "\(text)") {
        try JSONDecoder().decode([Digest].self, from: Data("[\(text)]".utf8))
      }
    }
  }

  @Test func `bytes that come part by part have the digest of all together`() {
    var running = RunningDigest()
    #expect(running.digest == Digest(of: [UInt8]()))
    for part in ["a", "", "bc"] { running.add(Array(part.utf8)) }
    #expect(running.digest == Digest(of: Array("abc".utf8)))
  }
}
