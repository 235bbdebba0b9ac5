import Bytes
import Measures
import Testing

struct ByteOrderTests {
  @Test func `numbers lie in files with their lowest or their highest byte first`() {
    #expect(UInt32(0x0102_0304).littleEndianBytes == [4, 3, 2, 1])
    #expect(UInt32(0x0102_0304).bigEndianBytes == [1, 2, 3, 4])
    #expect(UInt32(littleEndianBytes: [4, 3, 2, 1]) == 0x0102_0304)
    #expect(UInt16(bigEndianBytes: [1, 2]) == 0x0102)
    #expect(Int16(littleEndianBytes: [0xFE, 0xFF]) == -2)
    #expect(Float(littleEndianBytes: [0, 0, 0x80, 0xBF]) == -1)
  }

  @Test(arguments: 0..<100)
  func `what was written is read again`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    let (word, short) = (stream.next(), UInt16(truncatingIfNeeded: stream.next()))
    let floats = (0..<5).map { _ in
      Float(bitPattern: UInt32(truncatingIfNeeded: stream.next()) & ~0x7F80_0000)
    }
    var bytes: [UInt8] = []
    bytes.append(littleEndian: word)
    bytes.append(bigEndian: short)
    bytes.append(littleEndian: floats)
    bytes.append(littleEndian: floats[0])
    #expect(UInt64(littleEndianBytes: bytes[..<8]) == word)
    #expect(UInt16(bigEndianBytes: bytes[8..<10]) == short)
    #expect([Float](littleEndianBytes: bytes[10..<30]) == floats)
    #expect(Float(littleEndianBytes: bytes[30...]) == floats[0])
    bytes.set(littleEndian: ~word, at: 3)
    #expect(UInt64(littleEndianBytes: bytes[3..<11]) == ~word)
  }

  @Test(arguments: 0...9)
  func `bytes that are too few or too many for a number give none`(count: Int) {
    let bytes = [UInt8](repeating: 1, count: count)
    #expect((UInt16(littleEndianBytes: bytes) != nil) == (count == 2))
    #expect((UInt16(bigEndianBytes: bytes) != nil) == (count == 2))
    #expect((UInt64(littleEndianBytes: bytes) != nil) == (count == 8))
    #expect((Float(littleEndianBytes: bytes) != nil) == (count == 4))
    #expect([Float](littleEndianBytes: bytes[...])?.count == (count % 4 == 0 ? count / 4 : nil))
  }

  @Test func `a header's numbers follow the order that it was found to have`() {
    var header = OrderedBytes([0x01, 0x02, 0x03, 0x04, 0xFF, 0xFE, 0x3F, 0x80, 0, 0])
    #expect(header.int32(at: 0) == 0x0403_0201)
    header.isBigEndian = true
    #expect(header.int32(at: 0) == 0x0102_0304)
    #expect(header.unsigned(at: 0, width: 3) == 0x01_0203)
    #expect(header.int16(at: 4) == -2)
    #expect(header.float(at: 6) == 1)
  }

  @Test func `a place beyond a header's end is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      _ = OrderedBytes([1, 2, 3]).unsigned(at: 2, width: 2)
    }
  }
}
