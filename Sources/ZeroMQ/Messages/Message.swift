import CZeroMQ
package import Measures
package import ZMTP

/// A received message, its bytes still where libzmq put them.
///
/// May be handed to any thread; freed with its last reference.
package final class Message: Sendable {
  /// The number of frames, at least one.
  package let frameCount: Int

  // SAFETY: the frames are never changed after init, and libzmq's reference counts are atomic. They
  // have an allocation of their own because short frames live inside zmq_msg_t and must not move.
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

  /// The sender, as the ZAP handler named it; nil without authentication.
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

extension UnsafeMutablePointer<zmq_msg_t> {
  /// The name that the ZAP handler gave the sender.
  var userID: String? { property("User-Id") }

  /// The address of the sender.
  var peerAddress: String? { property("Peer-Address") }

  /// A property that the handshake attached to the message (zmq_msg_gets(3)).
  private func property(_ name: String) -> String? {
    zmq_msg_gets(self, name).map { String(cString: $0) }
  }
}

/// The changes of subscriptions that an XPUB socket receives as messages.
package enum SubscriptionNotices: Hashable, Sendable {
  /// The first subscription to a topic and the last cancellation.
  case changes
  /// Every subscription, also to topics that others have, and the last cancellation.
  case all
  /// Every subscription and every cancellation, lost peers included: the signal of presence.
  case allAndCancels
}

extension SubscriptionNotice {
  /// Reads a notice: one frame of 1 or 0 and the topic; nil for anything else, which a peer's XSUB
  /// may send.
  package init?(_ message: Message) {
    guard message.frameCount == 1 else { return nil }
    let bytes = message.bytes(of: 0)
    guard let flag = bytes.first, flag <= 1 else { return nil }
    self.init(topic: Array(bytes.dropFirst()), isSubscription: flag == 1)
  }
}
