package import Bytes
package import Codecs

/// A block or head of the announced model: the values that clients train from, and how to come by
/// them.
package struct Segment: Hashable, Sendable, Codable {
  /// "block1", "head1".
  package var name: String
  /// Names the values: the digest of the name followed by them as 32-bit floats, little-endian.
  package var state: Digest
  /// Clients train it and send its update.
  package var trained: Bool
  /// The patches that lead to the state, each after those that lead to the state that it begins
  /// from.
  package var steps: [ModelPatch]

  /// A segment of the given parts.
  package init(name: String, state: Digest, trained: Bool, steps: [ModelPatch]) {
    self.name = name
    self.state = state
    self.trained = trained
    self.steps = steps
  }

  /// Names the model of these segments: the digest over their states.
  package static func base(of segments: [Segment]) -> Digest {
    Digest(of: segments.flatMap(\.state.bytes))
  }
}

/// Bytes that lead from one state of a segment to another.
package struct ModelPatch: Hashable, Sendable, Codable {
  /// The digest of the encoded bytes.
  package var digest: Digest
  /// The number of encoded bytes.
  package var length: Int
  /// The codec of the encoded bytes.
  package var codec: PatchCodec
  /// The first 8 bytes of the state that the decoded values are added to; nil for a keyframe.
  package var from: UInt64?
  /// The first 8 bytes of the state that results.
  package var to: UInt64

  /// A step of the given parts.
  package init(digest: Digest, length: Int, codec: PatchCodec, from: UInt64?, to: UInt64) {
    self.digest = digest
    self.length = length
    self.codec = codec
    self.from = from
    self.to = to
  }
}

/// The codec of a patch's bytes.
package enum PatchCodec: Hashable, Sendable {
  /// Values, or differences that are added to earlier ones.
  case values(CodecSpec)
  /// The eight bytes that a fresh segment's values are drawn from.
  case initial
}

extension PatchCodec: LosslessStringConvertible {
  private static let initialText = "initial"

  /// Reads the text that an announcement has; nil unless it names a codec.
  package init?(_ description: String) {
    guard description != Self.initialText else {
      self = .initial
      return
    }
    guard let spec = CodecSpec(description) else { return nil }
    self = .values(spec)
  }

  /// "initial", or the codec's text.
  package var description: String {
    switch self {
    case .values(let spec): spec.description
    case .initial: Self.initialText
    }
  }
}

extension PatchCodec: Codable {
  /// Reads the text.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if try container.decode(String.self) == Self.initialText {
      self = .initial
    } else {
      self = .values(try container.decode(CodecSpec.self))
    }
  }

  /// Writes the text.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
