import Wire
import ZeroMQ

/// A block or head as it is broadcast.
struct EncodedSegment: Sendable {
  /// Its name, digest, length and codec.
  var segment: Segment
  /// The encoded bytes.
  var buffer: SharedBuffer
}
