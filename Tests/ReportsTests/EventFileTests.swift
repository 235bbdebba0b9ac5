import Bytes
import Ledger
import Measures
import Reports
import Testing

@Suite struct EventFileTests {
  private struct Damage: Error {}

  /// The events of a file, whose checksums are checked on the way.
  private func events(_ bytes: [UInt8]) throws -> [[UInt8]] {
    func number(_ range: Range<Int>) -> UInt64 {
      bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func unmasked(_ range: Range<Int>) -> UInt32 {
      let rotated = UInt32(number(range)) &- 0xA282_EAD8
      return rotated >> 17 | rotated << 15
    }
    var events: [[UInt8]] = []
    var next = 0
    while next < bytes.count {
      let length = Int(number(next..<next + 8))
      guard unmasked(next + 8..<next + 12) == CRC32C.checksum(Array(bytes[next..<next + 8])) else {
        throw Damage()
      }
      let event = Array(bytes[next + 12..<next + 12 + length])
      guard unmasked(next + 12 + length..<next + 16 + length) == CRC32C.checksum(event) else {
        throw Damage()
      }
      events.append(event)
      next += 16 + length
    }
    return events
  }

  @Test func `the file begins with its version, in the bytes that TensorFlow writes`() throws {
    let bytes = EventFile.bytes(try Example.summary(rounds: 0, state: nil))
    let version: [UInt8] = [9, 0, 0, 0, 0, 0, 0, 0, 0, 0x1A, 13] + Array("brain.Event:2".utf8)
    #expect(try events(bytes) == [version])
    #expect(Array(bytes.prefix(8)) == [24, 0, 0, 0, 0, 0, 0, 0])
    // The masked CRC-32C of a length of 24, the head of nearly all event files there are.
    #expect(Array(bytes[8..<12]) == [0xA3, 0x7F, 0x4B, 0x22])
  }

  @Test func `each round brings its scalars under its number`() throws {
    let summary = try Example.summary(rounds: 3)
    let events = try events(EventFile.bytes(summary, start: 1000)).dropFirst()
    let accuracy = events.filter { $0.firstRange(of: Array("test/accuracy".utf8)) != nil }
    #expect(accuracy.count == 1)
    let event = try #require(accuracy.first)
    // Time 1,006 s as a double, step 2, then summary, value, tag and the float.
    let time = (0..<8).map { UInt8(truncatingIfNeeded: Double(1006).bitPattern >> (8 * $0)) }
    let value = (0..<4).map { UInt8(truncatingIfNeeded: Float(2.0 / 3).bitPattern >> (8 * $0)) }
    let tag = Array("test/accuracy".utf8)
    #expect(
      event == [9] + time + [0x10, 2, 0x2A, 22, 0x0A, 20, 0x0A, 13] + tag + [0x15] + value)
    #expect(events.count { $0.firstRange(of: Array("bytes/up".utf8)) != nil } == 3)
  }

  @Test func `the spread over the clients, the gradient and waste have tags where they are known`()
    throws
  {
    let tags = [
      "test/clients/min", "test/clients/percentile10", "train/squaredGradientNorm",
      "bytes/wasted/up",
    ]
    func counts(_ summary: RunSummary) throws -> [Int] {
      let events = try events(EventFile.bytes(summary))
      return tags.map { tag in events.count { $0.firstRange(of: Array(tag.utf8)) != nil } }
    }
    var summary = try Example.converging(rounds: 3)
    for index in summary.rounds.indices { summary.rounds[index].wasted = .zero }
    summary.rounds[1].wasted.up.wire = ByteCount(77)
    #expect(try counts(summary) == [3, 3, 3, 1])
    #expect(try counts(Example.summary(rounds: 3)).dropLast() == [0, 0, 0])
  }
}
