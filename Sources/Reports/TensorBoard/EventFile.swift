import Bytes
package import Ledger
import Measures

/// A run's rounds as an event file that TensorBoard reads.
///
/// The file is a row of TFRecords: length, 8 bytes; masked CRC-32C of the length; the event; masked
/// CRC-32C of the event; all little-endian. Events are messages of
/// tensorflow/core/util/event.proto.
package enum EventFile {
  /// The bytes of the file; `start` is when the run began, in seconds since 1970.
  ///
  /// Steps are rounds; times are the ends of rounds on the run's clock, waiting included, from the
  /// start on.
  package static func bytes(_ summary: RunSummary, start: Double = 0) -> [UInt8] {
    var bytes = record(event(time: start, step: nil) { $0.text("brain.Event:2", field: 3) })
    var sums = MeasureSums()
    for round in summary.rounds {
      for (tag, value) in sums.scalars(of: round) {
        let value = event(time: start + round.closed.seconds, step: round.round) { event in
          event.message(field: 5) { summary in
            summary.message(field: 1) { entry in
              entry.text(tag, field: 1)
              entry.float(Float(value), field: 2)
            }
          }
        }
        bytes += record(value)
      }
    }
    return bytes
  }

  /// The name by which TensorBoard finds the file.
  package static func name(start: Int, host: String) -> String {
    "events.out.tfevents.\(start).\(host)"
  }

  /// True if a file of this name is one that TensorBoard reads.
  package static func isName(_ name: String) -> Bool { name.hasPrefix("events.out.tfevents.") }

  private static func event(
    time: Double, step: Int?, _ content: (inout ProtobufWriter) -> Void
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.double(time, field: 1)
    if let step { writer.integer(step, field: 2) }
    content(&writer)
    return writer.bytes
  }

  private static func record(_ data: [UInt8]) -> [UInt8] {
    let length = UInt64(data.count).littleEndianBytes
    return length + masked(length) + data + masked(data)
  }

  /// The CRC-32C, rotated and offset, so that checksums of checksums don't degenerate.
  private static func masked(_ bytes: [UInt8]) -> [UInt8] {
    let checksum = CRC32C.checksum(bytes)
    let rotated = checksum >> 15 | checksum << 17
    return (rotated &+ 0xA282_EAD8).littleEndianBytes
  }
}

/// The sums of the measures that are taken over a stage or a run, up to a round.
private struct MeasureSums {
  private static let measures = Measure.all.compactMap { measure in
    measure.tag.map { (measure: measure, tag: $0) }
  }

  private var ofRun: [String: Double] = [:]
  private var ofStage: [Int: [String: Double]] = [:]

  /// The scalars of the next round.
  mutating func scalars(of round: RoundSummary) -> [(tag: String, value: Double)] {
    Self.measures.compactMap { measure, tag in
      guard let value = measure.value(in: round), measure.isUntagged?(round) != true else {
        return nil
      }
      let taken: Double
      switch measure.scope {
      case .round: taken = value
      case .stage:
        ofStage[round.stage, default: [:]][tag, default: 0] += value
        taken = ofStage[round.stage]?[tag] ?? value
      case .run:
        ofRun[tag, default: 0] += value
        taken = ofRun[tag] ?? value
      }
      return (tag.replacing("{stage}", with: "\(round.stage)"), taken)
    }
  }
}

/// Writes the few kinds of fields of Protocol Buffers that event files take.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// A varint field, wire type 0.
  mutating func integer(_ value: Int, field: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// A fixed 64-bit field, wire type 1.
  mutating func double(_ value: Double, field: Int) {
    varint(UInt64(field << 3 | 1))
    bytes.append(littleEndian: value.bitPattern)
  }

  /// A fixed 32-bit field, wire type 5.
  mutating func float(_ value: Float, field: Int) {
    varint(UInt64(field << 3 | 5))
    bytes.append(littleEndian: value)
  }

  /// A string field, wire type 2.
  mutating func text(_ text: String, field: Int) { delimited(Array(text.utf8), field: field) }

  /// A message inside of this one, wire type 2.
  mutating func message(field: Int, _ content: (inout Self) -> Void) {
    var inner = Self()
    content(&inner)
    delimited(inner.bytes, field: field)
  }

  private mutating func delimited(_ content: [UInt8], field: Int) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
