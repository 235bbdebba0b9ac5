import CZeroMQ
package import Measures

/// A received message, its bytes still where libzmq put them.
///
/// May be handed to any thread; freed with its last reference.
package final class Message: Sendable {
  /// The number of frames, at least one.
  package let frameCount: Int

  // SAFETY: the frames are never changed after init, and libzmq's reference counts are atomic. They have an
  // allocation of their own because short frames live inside zmq_msg_t and must not move.
  nonisolated(unsafe) private let frames: UnsafeMutablePointer<zmq_msg_t>

  /// Takes over `frameCount` frames and their allocation.
  init(taking frames: UnsafeMutablePointer<zmq_msg_t>, count frameCount: Int) {
    self.frames = frames
    self.frameCount = frameCount
  }

  deinit {
    for index in 0..<frameCount { zmq_msg_close(frames + index) }
    frames.deallocate()
  }

  /// The number of bytes in a frame.
  package func count(of frame: Int) -> Int { zmq_msg_size(self.frame(frame)) }

  /// The number of bytes in each frame.
  package var frameSizes: [Int] { (0..<frameCount).map(count(of:)) }

  /// The bytes of all frames.
  package var size: ByteCount {
    var sum = 0
    for index in 0..<frameCount { sum += count(of: index) }
    return ByteCount(sum)
  }

  /// Shows the bytes of a frame, without copying them.
  package func withSpan<Result, Failure: Error>(
    of frame: Int, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes(of: frame) { (bytes) throws(Failure) -> Result in
      try body(Span(_unsafeElements: bytes.bindMemory(to: UInt8.self)))
    }
  }

  /// Shows the bytes of a frame, without copying them and without alignment; valid within `body`.
  package func withUnsafeBytes<Result, Failure: Error>(
    of frame: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let pointer = self.frame(frame)
    return try body(
      UnsafeRawBufferPointer(start: zmq_msg_data(pointer), count: zmq_msg_size(pointer)))
  }

  /// A copy of a frame's bytes.
  package func bytes(of frame: Int) -> [UInt8] { withUnsafeBytes(of: frame) { [UInt8]($0) } }

  /// A frame as text; nil where it isn't UTF-8.
  package func text(of frame: Int) -> String? {
    String(validating: bytes(of: frame), as: UTF8.self)
  }

  /// Who sent it, as the ZAP handler named the sender; nil without authentication.
  package var userID: String? { last.userID }

  /// The address that it came from; nil within the process.
  package var peerAddress: String? { last.peerAddress }

  /// The descriptor of the connection that it came over; nil within the process.
  ///
  /// The connection may have ended since, and the number may belong to another.
  package var sourceDescriptor: CInt? {
    let descriptor = zmq_msg_get(last, ZMQ_SRCFD)
    return descriptor >= 0 ? descriptor : nil
  }

  /// The frame to ask about the sender: the first one of a ROUTER is libzmq's own.
  private var last: UnsafeMutablePointer<zmq_msg_t> { frames + frameCount - 1 }

  func frame(_ index: Int) -> UnsafeMutablePointer<zmq_msg_t> {
    precondition((0..<frameCount).contains(index), "frame \(index) of \(frameCount)")
    return frames + index
  }
}
