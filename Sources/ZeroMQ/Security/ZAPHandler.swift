import ZMTP

/// Decides which peers may connect to the secured sockets of a context (RFC 27/ZAP).
///
/// One per context, made before those sockets bind; served in a loop that doesn't wait long
/// elsewhere, since handshakes wait for it.
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

/// A question of libzmq's: whether a peer may come in (RFC 27/ZAP).
package struct ZAPRequest: Hashable, Sendable {
  /// The domain of the socket that the peer knocks at.
  package var domain: String
  /// The peer's address, without port.
  package var address: String
  /// The routing id that the peer claims.
  package var routingID: [UInt8]
  /// "NULL", "PLAIN" or "CURVE".
  package var mechanism: String
  /// The public key that the peer has proved to own, with CURVE.
  package var key: CurveKey?

  /// A request as a handler's `decide` gets it.
  package init(
    domain: String, address: String, routingID: [UInt8] = [], mechanism: String,
    key: CurveKey? = nil
  ) {
    self.domain = domain
    self.address = address
    self.routingID = routingID
    self.mechanism = mechanism
    self.key = key
  }

  /// Reads frames 2 to 6 of a request; nil where they aren't what RFC 27 says.
  init?(_ message: Message) {
    guard message.frameCount >= 6, message.text(of: 0) == "1.0",
      let domain = message.text(of: 2), let address = message.text(of: 3),
      let mechanism = message.text(of: 5)
    else { return nil }
    self.init(
      domain: domain, address: address, routingID: message.bytes(of: 4), mechanism: mechanism)
    guard mechanism == "CURVE" else { return }
    guard message.frameCount == 7, let key = CurveKey(bytes: message.bytes(of: 6)) else {
      return nil
    }
    self.key = key
  }
}

/// The answer to a peer that knocks (RFC 27/ZAP, "Replies").
package enum ZAPDecision: Hashable, Sendable {
  /// Come in; each message of the peer carries `userID` (at most 255 bytes).
  case accept(userID: String)
  /// Stay out, for good: a libzmq peer doesn't try again (400).
  case refuse(reason: String)
  /// Come back later: the peer is left without an answer and tries again after its own time-out
  /// (300).
  case retryLater(reason: String)
  /// The question could not be answered (500).
  case fail(reason: String)

  /// The status code, text and user id of the reply.
  var reply: (status: String, text: String, userID: String) {
    switch self {
    case .accept(let userID): ("200", "OK", userID)
    case .retryLater(let reason): ("300", reason, "")
    case .refuse(let reason): ("400", reason, "")
    case .fail(let reason): ("500", reason, "")
    }
  }
}

/// The number of times that a ``ZAPHandler`` gave each answer.
package struct ZAPCounters: Hashable, Sendable {
  /// Peers let in.
  package var accepted = 0
  /// Peers refused for good.
  package var refused = 0
  /// Peers told nothing, to come back later.
  package var deferred = 0
  /// Requests that could not be decided or read.
  package var failed = 0

  /// Nothing answered yet.
  package init() {}

  mutating func count(_ decision: ZAPDecision) {
    switch decision {
    case .accept: accepted += 1
    case .refuse: refused += 1
    case .retryLater: deferred += 1
    case .fail: failed += 1
    }
  }
}
