import CZeroMQ
package import Measures

/// The frames of a message while it is being received.
struct FrameGatherer: ~Copyable {
  /// The frames so far.
  private(set) var count = 0
  /// The bytes of the frames so far.
  private(set) var size = 0
  private var capacity = 4
  private var frames = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 4)

  deinit {
    for index in 0..<count { zmq_msg_close(frames + index) }
    frames.deallocate()
  }

  /// An empty frame to receive into, valid until the next call.
  mutating func vacancy() -> UnsafeMutablePointer<zmq_msg_t> {
    if count == capacity { grow() }
    zmq_msg_init(frames + count)  // needs no close while it is empty
    return frames + count
  }

  /// Counts the vacancy as received; the result is whether more frames follow.
  mutating func keep() -> Bool {
    let frame = frames + count
    count += 1
    size += zmq_msg_size(frame)
    return zmq_msg_more(frame) != 0
  }

  /// The frames as a message.
  consuming func message() -> Message {
    let message = Message(taking: frames, count: count)
    discard self
    return message
  }

  /// The account of the frames, before they are thrown away.
  func excess() -> Excess {
    let last = frames + count - 1  // the first frame of a ROUTER doesn't know its sender
    return Excess(
      frames: count, size: ByteCount(size),
      userID: last.userID, peerAddress: last.peerAddress)
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 2 * capacity)
    for index in 0..<count {
      zmq_msg_init(larger + index)
      zmq_msg_move(larger + index, frames + index)
    }
    frames.deallocate()
    frames = larger
    capacity *= 2
  }
}

/// The result of receiving from a socket.
package enum Reception: Sendable {
  /// A message within the limits.
  case message(Message)
  /// A message beyond the limits, thrown away.
  case excess(Excess)

  /// The message, if it was within the limits.
  package var message: Message? {
    switch self {
    case .message(let message): message
    case .excess: nil
    }
  }
}

/// The limits of a received message; a larger one is thrown away and reported as ``Excess``.
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

/// A message that was thrown away for its number of frames or its size.
package struct Excess: Hashable, Sendable {
  /// The frames that it had.
  package var frames: Int
  /// The bytes of all its frames.
  package var size: ByteCount
  /// The sender, as the ZAP handler named it.
  package var userID: String?
  /// The address that it came from.
  package var peerAddress: String?
}
