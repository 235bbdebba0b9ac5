import ZMTP

/// Decides which peers may connect to the secured sockets of a context (RFC 27/ZAP).
///
/// One per context, made before those sockets bind; served in a loop that doesn't wait long elsewhere,
/// since handshakes wait for it.
package struct ZAPHandler: ~Copyable {
  /// The answers so far.
  package private(set) var counters = ZAPCounters()
  let socket: Socket

  /// Takes the place of the context's handler.
  ///
  /// - Throws: `.addressInUse` where the context has one.
  package init(in context: Context) throws(ZMQError) {
    var options = SocketOptions()
    options.receiveHighWaterMark = 0  // libzmq asks one question per handshake and must not wait
    options.sendHighWaterMark = 0
    let socket = try Socket(.reply, in: context, options: options)
    try socket.bind(to: "inproc://zeromq.zap.01")
    self.socket = socket
  }

  /// Answers all waiting requests, without waiting for any; the result is how many there were.
  @discardableResult
  package mutating func serve(
    _ decide: (ZAPRequest) -> ZAPDecision
  ) throws(ZMQError) -> Int {
    var answered = 0
    while let reception = try socket.receive() {
      let decision: ZAPDecision
      var requestID: [UInt8] = []
      if let message = reception.message, message.frameCount > 1 {
        requestID = message.bytes(of: 1)
        decision = ZAPRequest(message).map(decide) ?? .fail(reason: "The request isn't ZAP 1.0.")
      } else {
        decision = .fail(reason: "The request isn't ZAP 1.0.")
      }
      counters.count(decision)
      answered += 1
      let (status, text, userID) = decision.reply
      let isSent = try socket.send(
        "1.0", Frame(requestID), Frame(status), Frame(text), Frame(userID), .empty)
      assert(isSent, "a reply needs no room: its requester waits")
    }
    return answered
  }
}
