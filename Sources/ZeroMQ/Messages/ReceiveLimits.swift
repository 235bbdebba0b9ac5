package import Measures

/// What a received message may at most be; a larger one is thrown away and reported as ``Excess``.
package struct ReceiveLimits: Hashable, Sendable {
  /// Frames per message.
  package var frames: Int
  /// Bytes per message, over all frames.
  package var size: ByteCount

  /// At most `frames` frames of together at most `size`.
  package init(frames: Int = 16, size: ByteCount = ByteCount(16 << 20)) {
    precondition(frames > 0, "\(frames) frames")
    self.frames = frames
    self.size = size
  }
}
