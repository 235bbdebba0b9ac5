package import Wire
package import Bytes
import Codecs
import Models
import Synchronization
package import Tensors

/// A state of a block or head that a step leads to: the values that clients train from, once
/// computed.
///
/// Shared by all clients of a worker that hold the state; computed once, by the first that trains.
package final class SegmentState: Sendable {
  /// "block1", "head1".
  package let name: String

  private enum Content {
    /// The state before, none for a keyframe, and the bytes that lead on from it.
    case step(base: SegmentState?, codec: PatchCodec, bytes: [UInt8])
    case values(ParameterVector)
  }

  private let digest: Digest?
  private let content: Mutex<Content>

  /// The state that a step's bytes lead to.
  ///
  /// - Parameters:
  ///   - name: The segment's name.
  ///   - digest: The digest that the values must have; nil where that isn't known.
  ///   - base: The state that the values are added to; nil for a keyframe.
  ///   - codec: The codec of the bytes.
  ///   - bytes: The encoded bytes, whose own digest was checked.
  package init(
    name: String, digest: Digest?, base: SegmentState?, codec: PatchCodec, bytes: [UInt8]
  ) {
    self.name = name
    self.digest = digest
    content = Mutex(.step(base: base, codec: codec, bytes: bytes))
  }

  /// The state of these values.
  package init(_ values: ParameterVector) {
    name = values.layout.name
    digest = nil
    content = Mutex(.values(values))
  }

  /// The values, in the order of `layout`.
  ///
  /// - Throws: `CodecError` if the bytes aren't an encoding of this layout, `SegmentStateError` if
  ///   the values aren't those that were announced.
  package func values(layout: ParameterLayout, smallTensorLimit: Int) throws -> ParameterVector {
    try content.withLock { content in
      switch content {
      case .values(let values): return values
      case .step(let base, let codec, let bytes):
        guard case .values(let spec) = codec else {
          guard let fresh = FreshValues(bytes) else {
            throw SegmentStateError.noSeed(segment: name, count: bytes.count)
          }
          let values = fresh.values(of: layout)
          try check(values)
          content = .values(values)
          return values
        }
        // Locks are taken from newer to older states only.
        var values =
          try base?.values(layout: layout, smallTensorLimit: smallTensorLimit)
          ?? .zero(of: layout)
        let codec = UpdateCodec(spec, smallTensorLimit: smallTensorLimit)
        try codec.fold(bytes, layout: layout, weight: 1, into: &values.scalars)
        try check(values)
        content = .values(values)
        return values
      }
    }
  }

  private func check(_ values: ParameterVector) throws(SegmentStateError) {
    guard digest == nil || Digest(state: values) == digest else {
      throw .otherValues(segment: name)
    }
  }
}

/// A reason for which a state can't be trained from.
enum SegmentStateError: Error, CustomStringConvertible {
  /// The steps led to values that don't have the announced digest.
  case otherValues(segment: String)
  /// The key that its values are drawn from hasn't the right number of bytes.
  case noSeed(segment: String, count: Int)

  var description: String {
    switch self {
    case .otherValues(let segment): "the values of \(segment) aren't those that were announced"
    case .noSeed(let segment, let count):
      "what \(segment) is drawn from has \(count) bytes instead of \(FreshValues.byteCount)"
    }
  }
}

extension Digest {
  /// Names the values of a segment: the digest of its name followed by them.
  package init(state values: ParameterVector) {
    self.init(of: values.layout.name, followedBy: values.scalars)
  }
}
