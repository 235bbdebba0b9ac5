/// The reason that received frames are not a message.
package enum WireError: Error, Hashable, Sendable {
  /// The number of frames isn't that of a message.
  case frameCount(Int)
  /// The envelope doesn't begin with the protocol's signature.
  case signature
  /// The sender speaks another version of the protocol.
  case version(Int)
  /// The checksum over envelope and payload doesn't fit: something changed on the way.
  case checksum
  /// The envelope isn't a protobuf message of the schema.
  case schema
  /// The envelope has no body that this side receives.
  case body
  /// A field has a value that no sender may use.
  case field(String)
  /// The payload is there though the body has none, is lacking, or is longer than allowed.
  case payload(count: Int)
}

extension WireError {
  /// The name under which the ledger counts the error: without the values in it.
  package var counter: String {
    switch self {
    case .frameCount: "frame count"
    case .signature: "signature"
    case .version: "version"
    case .checksum: "checksum"
    case .schema: "schema"
    case .body: "body"
    case .field(let name): "field \(name)"
    case .payload: "payload"
    }
  }
}

extension WireError: CustomStringConvertible {
  /// The fault of the frames in words, for the log and the ledger's counters.
  package var description: String {
    switch self {
    case .frameCount(let count): "\(count) frames are not a message"
    case .signature: "not a progfed message"
    case .version(let version): "protocol version \(version) instead of \(Envelope.version)"
    case .checksum: "damaged: the checksum doesn't fit"
    case .schema: "the envelope doesn't parse"
    case .body: "field body is lacking, or isn't for this side"
    case .field(let name): "field \(name) \(Self.demand(on: name))"
    case .payload(let count):
      count == 0
        ? "the payload is lacking" : "a payload of \(count) bytes doesn't belong to this body"
    }
  }

  /// The demand on a field, as the end of a sentence.
  private static func demand(on field: String) -> String {
    switch field {
    case "plan", "digest", "base": "isn't a SHA-256 digest of 32 bytes"
    case "loss": "isn't a finite number"
    case "length", "samples", "offset": "isn't below 2^48"
    case "range": "is empty, or goes beyond 2^48"
    case "ranges": "has more than \(Envelope.maximalRanges) ranges, or some that don't rise"
    case "needs": "names more than \(4 * Envelope.maximalSteps) steps"
    case "update_codec": "names no codec"
    case "detail": "is longer than \(Envelope.maximalText) bytes"
    case "reason", "state", "status": "has a value that the schema doesn't know"
    default: "is out of range"
    }
  }
}

/// A client's message that can't be taken, though its header says whose it is.
package struct UplinkFault: Error, Hashable, Sendable {
  /// The header; a client is named in it.
  package var header: Header
  /// The worker that a JOIN names; nil in all else.
  package var worker: UInt64?
  /// True for a JOIN, which concerns the client as such and no round.
  package var isJoin: Bool
  /// The reason of the refusal.
  package var reason: RefusalReason
  /// The field that is wrong, and its fault.
  package var problem: String

  /// A fault of the given parts.
  package init(
    header: Header, worker: UInt64? = nil, isJoin: Bool = false,
    reason: RefusalReason = .malformed, problem: String
  ) {
    self.header = header
    self.worker = worker
    self.isJoin = isJoin
    self.reason = reason
    self.problem = problem
  }
}
