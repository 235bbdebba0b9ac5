import Codecs
import Digests
import Synchronization
import Tensors

/// The complete bytes of a block or head that was received, and the values that they decode to.
///
/// Shared by all clients of a worker that hold the segment; decoded once, by the first that trains.
final class StoredSegment: Sendable {
  /// "block1", "head1".
  let name: String
  /// The codec of the bytes, as in the topology.
  let codec: String
  /// The encoded bytes.
  let bytes: [UInt8]

  private let decoded = Mutex<ParameterVector?>(nil)

  /// A segment of the given bytes, whose digest was checked.
  init(name: String, codec: String, bytes: [UInt8]) {
    self.name = name
    self.codec = codec
    self.bytes = bytes
  }

  /// The values, in the order of `layout`.
  ///
  /// - Throws: `CodecError` if the bytes aren't an encoding of this layout.
  func values(layout: ParameterLayout, codec: UpdateCodec) throws(CodecError) -> ParameterVector {
    try decoded.withLock { decoded throws(CodecError) in
      if let decoded { return decoded }
      let values = try codec.decode(bytes, layout: layout)
      decoded = values
      return values
    }
  }
}
