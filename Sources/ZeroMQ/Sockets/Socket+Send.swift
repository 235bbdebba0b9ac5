import CZeroMQ
import ZMTP

extension Socket {
  /// Sends one message; false, and nothing is sent, where that would have to wait.
  ///
  /// PUB and XPUB never wait: they drop the message for each subscriber whose queue is full. Success
  /// means queued: TCP or the peer can still lose it.
  /// - Throws: `.hostUnreachable` for an unknown peer of a ROUTER, `.wrongState` for REQ and REP out of turn.
  package func send(_ frames: Frame...) throws(ZMQError) -> Bool { try send(frames) }

  /// Sends one message of any number of frames; false, and nothing is sent, where that would have to wait.
  package func send(_ frames: [Frame]) throws(ZMQError) -> Bool {
    precondition(!frames.isEmpty, "a message has at least one frame")
    var message = zmq_msg_t()
    for index in frames.indices {
      try frames[index].initialize(&message)
      guard try post(&message, isLast: index == frames.count - 1) else { return false }
    }
    return true
  }

  /// Sends on what was received, without copying it; false, and nothing is sent, where that would have to wait.
  package func forward(_ received: Message) throws(ZMQError) -> Bool {
    var message = zmq_msg_t()
    for index in 0..<received.frameCount {
      zmq_msg_init(&message)
      try check("copy a frame") { zmq_msg_copy(&message, received.frame(index)) }
      guard try post(&message, isLast: index == received.frameCount - 1) else { return false }
    }
    return true
  }

  /// Hands one frame to libzmq, which owns it on success; frees it otherwise.
  ///
  /// A refusal in the middle of a message means that its pipe ended; libzmq has then taken back the
  /// earlier frames, so the whole message is refused.
  private func post(
    _ message: UnsafeMutablePointer<zmq_msg_t>, isLast: Bool
  ) throws(ZMQError) -> Bool {
    let flags = isLast ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE
    do throws(ZMQError) {
      let sent = try checkWithoutWaiting("send on a \(kind.rawValue) socket") {
        zmq_msg_send(message, pointer, flags)
      }
      if sent != nil { return true }
    } catch {
      zmq_msg_close(message)
      throw error
    }
    zmq_msg_close(message)
    return false
  }
}
