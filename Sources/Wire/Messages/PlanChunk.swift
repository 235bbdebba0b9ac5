package import Bytes
import SwiftProtobuf

/// A part of the plan, on its way to a worker.
package struct PlanChunk: Hashable, Sendable {
  /// The SHA-256 digest of the whole plan.
  package var digest: Digest
  /// The bytes of the whole plan.
  package var total: Int
  /// The place of the part.
  package var offset: Int
  /// The bytes of the part, which travel as the message's payload.
  package var length: Int

  /// The part of `length` bytes at `offset` of a plan of `total`.
  package init(digest: Digest, total: Int, offset: Int, length: Int) {
    self.digest = digest
    self.total = total
    self.offset = offset
    self.length = length
  }

  /// Checks that a part of `payload` bytes lies within its plan.
  init(_ schema: Progfed_V1_PlanChunk, payload: Int) throws(WireError) {
    total = try Envelope.count(schema.length, "length")
    offset = try Envelope.count(schema.offset, "offset")
    guard offset <= total, payload <= total - offset else { throw .field("offset") }
    digest = try Envelope.digest(schema.digest, "digest")
    length = payload
  }
}
