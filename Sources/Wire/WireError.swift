/// Why received frames are not a message.
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
  /// What is wrong with the frames, for the log and the ledger's counters.
  package var description: String {
    switch self {
    case .frameCount(let count): "\(count) frames are not a message"
    case .signature: "not a progfed message"
    case .version(let version): "protocol version \(version) instead of \(Envelope.version)"
    case .checksum: "damaged: the checksum doesn't fit"
    case .schema: "the envelope doesn't parse"
    case .body: "a body that isn't for this side"
    case .field(let name): "field \(name) out of range"
    case .payload(let count): "a payload of \(count) bytes doesn't belong here"
    }
  }
}
