import CZeroMQ
import Measures
import ZMTP

extension Socket {
  /// Sends one message; false, and nothing is sent, where that would have to wait.
  ///
  /// PUB and XPUB never wait: they drop the message for each subscriber whose queue is full.
  /// Success means queued: TCP or the peer can still lose it.
  /// - Throws: `.hostUnreachable` for an unknown peer of a ROUTER, `.wrongState` for REQ and REP
  ///   out of turn.
  package func send(_ frames: Frame...) throws(ZMQError) -> Bool { try send(frames) }

  /// Sends one message of any number of frames; false, and nothing is sent, where that would have
  /// to wait.
  package func send(_ frames: [Frame]) throws(ZMQError) -> Bool {
    precondition(!frames.isEmpty, "a message has at least one frame")
    var message = zmq_msg_t()
    for index in frames.indices {
      try frames[index].initialize(&message)
      guard try post(&message, isLast: index == frames.count - 1) else { return false }
    }
    return true
  }

  /// Sends on what was received, without copying it; false, and nothing is sent, where that would
  /// have to wait.
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
    // libzmq shows a message when all of it is there (zmq_msg_recv(3)), so this is before the first
    // frame.
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

extension Socket {
  /// The longest topic that libzmq 4.3.4 delivers as it is: from 246 bytes on, it subscribes to
  /// everything.
  package static var longestTopic: Int { 240 }

  /// Asks for messages whose first frame begins with `topic`: a prefix, so end topics with a
  /// delimiter.
  package func subscribe(to topic: [UInt8]) throws(ZMQError) {
    try set(topic: topic, ZMQ_SUBSCRIBE, attempt: "subscribe")
  }

  /// Asks for messages whose first frame begins with `topic` in UTF-8.
  package func subscribe(to topic: String) throws(ZMQError) {
    try subscribe(to: Array(topic.utf8))
  }

  /// Takes back one `subscribe(to:)`.
  package func unsubscribe(from topic: [UInt8]) throws(ZMQError) {
    try set(topic: topic, ZMQ_UNSUBSCRIBE, attempt: "unsubscribe")
  }

  /// Takes back one `subscribe(to:)`.
  package func unsubscribe(from topic: String) throws(ZMQError) {
    try unsubscribe(from: Array(topic.utf8))
  }

  /// Changes the one-frame message that an XPUB sends to each new subscriber; none when nil.
  ///
  /// A subscriber gets it only where it subscribed to a prefix of it before it connected.
  package func setWelcome(_ message: [UInt8]?) throws(ZMQError) {
    precondition(kind == .xpub, "a \(kind.rawValue) socket has no welcome message")
    try setOption(ZMQ_XPUB_WELCOME_MSG, message ?? [], of: pointer, "set the welcome message")
  }

  private func set(topic: [UInt8], _ option: CInt, attempt: String) throws(ZMQError) {
    precondition(kind == .subscribe, "a \(kind.rawValue) socket can't \(attempt)")
    precondition(topic.count <= Self.longestTopic, "a topic of \(topic.count) bytes")
    try setOption(option, topic, of: pointer, "\(attempt) a topic of \(topic.count) bytes")
  }
}
