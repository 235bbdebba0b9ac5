import CZeroMQ
import Measures
import ZMTP

extension Socket {
  /// Receives one message of a peer; nil where none is waiting.
  ///
  /// - Throws: `.wrongState` for REQ and REP out of turn.
  package func receive(
    limits: ReceiveLimits = ReceiveLimits()
  ) throws(ZMQError) -> Reception? {
    var gathered = FrameGatherer()
    while try fetch(into: gathered.vacancy()) {
      let hasMore = gathered.keep()
      guard gathered.count <= limits.frames, gathered.size <= limits.size.bytes else {
        return .excess(try drain(gathered.excess(), hasMore: hasMore))
      }
      if !hasMore { return .message(gathered.message()) }
    }
    // libzmq shows a message when all of it is there (zmq_msg_recv(3)), so this is before the first frame.
    return nil
  }

  /// Receives one message of a peer, waiting for it at most `limit`.
  package func receive(
    within limit: Duration, limits: ReceiveLimits = ReceiveLimits()
  ) throws(ZMQError) -> Reception? {
    let deadline = ContinuousClock.now + limit
    while true {
      if let reception = try receive(limits: limits) { return reception }
      guard try wait(for: .readable, atMost: deadline - .now) else { return nil }
    }
  }

  /// Throws away the rest of a message, one frame at a time, and completes the account of it.
  private func drain(_ account: Excess, hasMore: Bool) throws(ZMQError) -> Excess {
    guard hasMore else { return account }
    var excess = account
    var message = zmq_msg_t()
    zmq_msg_init(&message)
    defer { zmq_msg_close(&message) }
    while try fetch(into: &message) {
      excess.frames += 1
      excess.size += ByteCount(zmq_msg_size(&message))
      if zmq_msg_more(&message) == 0 { break }
    }
    return excess
  }

  private func fetch(into message: UnsafeMutablePointer<zmq_msg_t>) throws(ZMQError) -> Bool {
    try checkWithoutWaiting("receive on a \(kind.rawValue) socket") {
      zmq_msg_recv(message, pointer, ZMQ_DONTWAIT)
    } != nil
  }
}
