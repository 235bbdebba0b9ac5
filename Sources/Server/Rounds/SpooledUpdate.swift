import Bytes
import Federation
import Wire

/// An update as the spool keeps it: the client's offer, so that a broker that was killed knows what
/// it is, and the update's bytes.
///
/// 4 bytes, little-endian, say how long the offer's envelope is; the envelope and the update
/// follow.
struct SpooledUpdate {
  /// The client's offer, with the round and model that the update was trained for.
  var submission: Submission
  /// The update.
  var bytes: [UInt8]

  /// An update with its offer.
  init(submission: Submission, bytes: [UInt8]) {
    self.submission = submission
    self.bytes = bytes
  }

  /// The update that `record` holds; nil unless it is one.
  init?(_ record: [UInt8]) {
    guard let length = UInt32(littleEndianBytes: record.prefix(4)).map({ Int($0) }),
      length <= record.count - 4
    else { return nil }
    // SAFETY: the range lies within the record, and the bytes are read only within the closure.
    let message = unsafe record.withUnsafeBytes { bytes in
      unsafe try? Envelope.uplink(
        UnsafeRawBufferPointer(rebasing: bytes[4..<4 + length]),
        payload: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    guard let message, case .offer(let offer) = message.body,
      offer.length == record.count - 4 - length
    else { return nil }
    let submission = Submission(
      offer, round: message.header.round, stage: message.header.stage)
    self.init(submission: submission, bytes: Array(record[(4 + length)...]))
  }

  /// The record for the spool; `header` says whose update it is.
  func record(_ header: Header) -> [UInt8] {
    let envelope = Envelope.frame(Message(header, Uplink.offer(submission.offer)))
    var record: [UInt8] = []
    record.reserveCapacity(4 + envelope.count + bytes.count)
    record.append(littleEndian: UInt32(truncatingIfNeeded: envelope.count))
    record += envelope
    record += bytes
    return record
  }
}
