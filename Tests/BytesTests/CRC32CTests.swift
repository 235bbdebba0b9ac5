import Bytes
import CChecksums
import Measures
import Testing

@Suite struct CRC32CTests {
  /// RFC 3720, appendix B.4.
  @Test func `the RFC's examples`() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum([UInt8](0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum([UInt8]((0..<32).reversed())) == 0x113F_DB5C)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([]) == 0)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `continuing equals summing at once, at every cut`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    let bytes = (0..<Int.random(in: 0..<80, using: &stream)).map { _ in
      UInt8(truncatingIfNeeded: stream.next())
    }
    let whole = CRC32C.checksum(bytes)
    for cut in 0...bytes.count {
      let parts = bytes.withUnsafeBytes { bytes in
        CRC32C.checksum(
          UnsafeRawBufferPointer(rebasing: bytes[cut...]),
          from: CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<cut])))
      }
      #expect(parts == whole, "cut at \(cut) of \(bytes.count)")
    }
  }

  @Test(arguments: 0..<70)
  func `the processor's instruction and the tables agree, whatever the alignment`(count: Int) {
    var stream = RandomStream(seed: UInt64(count))
    let bytes = (0..<count + 8).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
    let start = UInt32(truncatingIfNeeded: stream.next())
    bytes.withUnsafeBufferPointer { bytes in
      for offset in 0..<8 {
        let part = bytes.baseAddress.map { $0 + offset }
        #expect(
          progfed_crc32c(start, part, count) == progfed_crc32c_portable(start, part, count))
      }
    }
  }
}
