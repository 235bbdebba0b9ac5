import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct SecurityTests {
  private let server: CurveKeyPair
  private let client: CurveKeyPair

  init() throws {
    server = try CurveKeyPair.generate()
    client = try CurveKeyPair.generate()
  }

  private var serverOptions: SocketOptions {
    quickOptions { $0.security = .curveServer(secretKey: server.secretKey, domain: "fleet") }
  }

  private func clientOptions(_ pair: CurveKeyPair, of serverKey: CurveKey) -> SocketOptions {
    quickOptions { $0.security = .curveClient(serverKey: serverKey, pair: pair) }
  }

  /// Admits the keys of some users to the sockets of a domain.
  private struct Admitted {
    var users: [CurveKey: String]
    var domain: String

    init(_ users: [CurveKey: String], domain: String) {
      (self.users, self.domain) = (users, domain)
    }

    func decide(_ request: ZAPRequest) -> ZAPDecision {
      guard request.domain == domain else { return .refuse(reason: "Unknown domain") }
      guard let key = request.key, let user = users[key] else {
        return .refuse(reason: "Unknown key")
      }
      return .accept(userID: user)
    }
  }

  /// Serves the handler while waiting for a message.
  private func serve(
    _ handler: inout ZAPHandler, _ admitted: Admitted, _ pull: borrowing Socket,
    atMost limit: Duration = patience, until isDone: (ZAPCounters) -> Bool = { _ in false }
  ) throws -> Message? {
    var poller = Poller()
    _ = poller.add(pull)
    _ = poller.add(handler)
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline, !isDone(handler.counters) {
      _ = try poller.wait(atMost: .milliseconds(100))
      try handler.serve(admitted.decide)
      if let message = try pull.receive()?.message { return message }
    }
    return nil
  }

  @Test
  func `a listed key comes in, and its messages carry the user's name`() throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: serverOptions)
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(
        .push, in: context, options: clientOptions(client, of: server.publicKey))
      try push.connect(to: endpoint)
      #expect(try push.send("x", "y"))
      let admitted = Admitted([client.publicKey: "worker-17"], domain: "fleet")
      let message = try #require(try serve(&handler, admitted, pull))
      #expect(message.userID == "worker-17" && message.peerAddress == "127.0.0.1")
      #expect(handler.counters.accepted == 1 && handler.counters.refused == 0)
    }
  }

  @Test
  func `subscriptions carry the user's name`() throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let publisher = try Socket(.xpub, in: context, options: serverOptions)
      let endpoint = try publisher.bind(to: "tcp://127.0.0.1:*")
      let subscriber = try Socket(
        .subscribe, in: context, options: clientOptions(client, of: server.publicKey))
      try subscriber.subscribe(to: "c/9/")
      try subscriber.connect(to: endpoint)
      let admitted = Admitted([client.publicKey: "worker-9"], domain: "fleet")
      let message = try #require(try serve(&handler, admitted, publisher))
      #expect(message.userID == "worker-9")
      #expect(SubscriptionNotice(message)?.text == "c/9/")
    }
  }

  @Test(arguments: ["key", "domain"])
  func `an unlisted key or domain stays out, and both sides learn it`(wrong: String) throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: serverOptions)
      let pullMonitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(
        .push, in: context, options: clientOptions(client, of: server.publicKey))
      let pushMonitor = try push.monitor()
      try push.connect(to: endpoint)
      _ = try push.send("x")
      let listed = wrong == "key" ? try CurveKeyPair.generate() : client
      let admitted = Admitted(
        [listed.publicKey: "other"], domain: wrong == "domain" ? "elsewhere" : "fleet")
      #expect(try serve(&handler, admitted, pull) { $0.refused > 0 } == nil)
      #expect(try refusal(told: pullMonitor) == 400)
      #expect(try refusal(told: pushMonitor) == 400)
      #expect(try pull.receive() == nil)
    }
  }

  @Test
  func `without a handler nobody comes in, whatever the key`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context, options: serverOptions)
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(
        .push, in: context, options: clientOptions(client, of: server.publicKey))
      try push.connect(to: endpoint)
      _ = try push.send("x")
      try awaitFailure(of: monitor)
      #expect(try pull.receive(within: .milliseconds(200)) == nil)
    }
  }

  @Test
  func `a client with the wrong server key fails its handshake`() throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: serverOptions)
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(
        .push, in: context, options: clientOptions(client, of: client.publicKey))
      try push.connect(to: endpoint)
      _ = try push.send("x")
      try awaitFailure(of: monitor)
      let admitted = Admitted([client.publicKey: "worker"], domain: "fleet")
      #expect(try serve(&handler, admitted, pull, atMost: .milliseconds(200)) == nil)
      #expect(handler.counters == ZAPCounters())
    }
  }

  @Test
  func `a client without CURVE fails its handshake`() throws {
    try withContext { context in
      let handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: serverOptions)
      let monitor = try pull.monitor()
      let push = try Socket(.push, in: context, options: quickOptions())
      try push.connect(to: try pull.bind(to: "tcp://127.0.0.1:*"))
      _ = try push.send("x")
      try awaitFailure(of: monitor)
      #expect(try pull.receive() == nil)
      #expect(handler.counters == ZAPCounters())
    }
  }

  @Test(arguments: [true, false])
  func `without CURVE the handler decides by address`(isAdmitted: Bool) throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(
        .pull, in: context, options: quickOptions { $0.security = .addressChecked(domain: "lan") })
      let push = try Socket(.push, in: context, options: quickOptions())
      try push.connect(to: try pull.bind(to: "tcp://127.0.0.1:*"))
      _ = try push.send("x")
      var poller = Poller()
      _ = poller.add(handler)
      var requests: [ZAPRequest] = []
      while requests.isEmpty {
        try #require(try poller.wait(atMost: patience) == 1)
        try handler.serve { request in
          requests.append(request)
          return isAdmitted ? .accept(userID: "neighbour") : .refuse(reason: "not from here")
        }
      }
      #expect(requests == [ZAPRequest(domain: "lan", address: "127.0.0.1", mechanism: "NULL")])
      if isAdmitted {
        #expect(try nextMessage(on: pull).userID == "neighbour")
      } else {
        #expect(try pull.receive(within: .milliseconds(200)) == nil)
      }
    }
  }

  @Test
  func `a client told to come back later comes back`() throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: serverOptions)
      var options = clientOptions(client, of: server.publicKey)
      options.handshakeLimit = .milliseconds(200)
      let push = try Socket(.push, in: context, options: options)
      try push.connect(to: try pull.bind(to: "tcp://127.0.0.1:*"))
      _ = try push.send("x")
      var poller = Poller()
      _ = poller.add(handler)
      while handler.counters.accepted == 0 {
        try #require(try poller.wait(atMost: patience) == 1)
        let isFirst = handler.counters.deferred == 0
        try handler.serve { _ in isFirst ? .retryLater(reason: "full") : .accept(userID: "w") }
      }
      #expect(try nextMessage(on: pull).userID == "w")
      #expect(handler.counters.deferred == 1)
    }
  }

  @Test
  func `a context has one handler`() throws {
    try withContext { context in
      let handler = try ZAPHandler(in: context)
      let error = #expect(throws: ZMQError.self) { _ = try ZAPHandler(in: context) }
      #expect(error?.code == .addressInUse)
      #expect(handler.counters == ZAPCounters())
    }
  }

  @Test(arguments: [
    ["1.0"], ["2.0", "id", "d", "a", "", "NULL"], ["1.0", "id", "d", "a", "", "CURVE", "short"],
    ["1.0", "id", "d", "a", "", "CURVE"], ["1.0", "id"],
  ])
  func `a malformed request is answered with 500`(request: [String]) throws {
    try withContext { context in
      var handler = try ZAPHandler(in: context)
      let asker = try Socket(.request, in: context)
      try asker.connect(to: "inproc://zeromq.zap.01")
      #expect(try asker.send(request.map { Frame($0) }))
      #expect(try handler.serve { _ in .accept(userID: "nobody") } == 1)
      let reply = try nextMessage(on: asker)
      #expect(reply.frameCount == 6 && reply.text(of: 2) == "500")
      #expect(reply.text(of: 1) == (request.count > 1 ? "id" : ""))
      #expect(handler.counters.failed == 1 && handler.counters.accepted == 0)
    }
  }

  private func awaitFailure(of monitor: borrowing Monitor) throws {
    _ = try nextEvent(of: monitor) { kind -> Bool? in
      switch kind {
      case .handshakeFailed, .protocolFailed, .authenticationFailed, .disconnected: true
      case .connected, .accepted, .handshakeSucceeded, .retryScheduled, .listening, .closed, .other:
        nil
      }
    }
  }

  /// The status of the next refusal.
  private func refusal(told monitor: borrowing Monitor) throws -> Int {
    try nextEvent(of: monitor) { kind in
      guard case .authenticationFailed(let status) = kind else { return nil }
      return status
    }
  }
}
