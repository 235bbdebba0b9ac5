import Foundation
import Measures
import Testing
import ZMTP
import ZeroMQ

/// The formulas against what the kernel counted.
@Suite(.timeLimit(.minutes(1)))
struct ZMTPCostTests {
  /// A pair of options, the binding side's first, and the costs of their connection.
  private struct Link {
    var server = quickOptions()
    var client = quickOptions()
    var cost: ZMTPCost

    init(_ mechanism: ZMTPCost.Mechanism) throws {
      cost = ZMTPCost(mechanism)
      guard mechanism == .curve else { return }
      let keys = try CurveKeyPair.generate()
      // No handler and no domain could be right at the same time, so admit everyone by a handler.
      server.security = .curveServer(secretKey: keys.secretKey, domain: "cost")
      client.security = .curveClient(serverKey: keys.publicKey, pair: try .generate())
    }
  }

  /// Admits everyone until a peer has come through.
  private func admit(_ handler: inout ZAPHandler, until monitor: borrowing Monitor) throws {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      try handler.serve { _ in .accept(userID: "peer") }
      if try monitor.next(within: .milliseconds(5))?.kind == .handshakeSucceeded { return }
    }
    throw Timeout()
  }

  @Test(arguments: ZMTPCost.Mechanism.allCases)
  func `a pushed stream costs what the formulas say, to the byte`(
    mechanism: ZMTPCost.Mechanism
  ) throws {
    let sizes = [
      0, 1, 100, 221, 222, 223, 254, 255, 256, 257, 8191, 8192, 8193, 262_144, 1_000_000,
    ]
    try withContext { context in
      let link = try Link(mechanism)
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: link.server)
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(.push, in: context, options: link.client)
      let pushMonitor = try push.monitor()
      try push.connect(to: endpoint)
      let descriptor = try connection(connected: pushMonitor)
      try admit(&handler, until: monitor)

      var expected = link.cost.handshake(of: .push, isServer: false)
      for size in sizes {
        let bytes = [UInt8](repeating: 7, count: size)
        try deliver([Frame(bytes)], on: push)
        try deliver(["topic/", Frame(bytes), ""], on: push)
        expected += link.cost.message([size]) + link.cost.message([6, size, 0])
      }
      var source: CInt?
      for _ in 0..<2 * sizes.count { source = try nextMessage(on: pull).sourceDescriptor }
      let sender = try #require(TCPCounters(descriptor: descriptor))
      #expect(sender.uniqueBytesSent == expected)
      let receiver = try #require(source.flatMap(TCPCounters.init(descriptor:)))
      #expect(receiver.bytesReceived == expected)
      #expect(receiver.uniqueBytesSent == link.cost.handshake(of: .pull, isServer: true))
    }
  }

  @Test(arguments: ZMTPCost.Mechanism.allCases)
  func `subscriptions and broadcasts cost what the formulas say, to the byte`(
    mechanism: ZMTPCost.Mechanism
  ) throws {
    let lengths = [0, 1, 64, 205, 206, 212, 213, 214, 215, 240]
    try withContext { context in
      let link = try Link(mechanism)
      var handler = try ZAPHandler(in: context)
      let publisher = try Socket(.xpub, in: context, options: link.server)
      let monitor = try publisher.monitor()
      let endpoint = try publisher.bind(to: "tcp://127.0.0.1:*")
      let subscriber = try Socket(.subscribe, in: context, options: link.client)
      let subscriberMonitor = try subscriber.monitor()
      try subscriber.connect(to: endpoint)
      let descriptor = try connection(connected: subscriberMonitor)
      try admit(&handler, until: monitor)

      var up = link.cost.handshake(of: .subscribe, isServer: false)
      var down = link.cost.handshake(of: .xpub, isServer: true)
      for length in lengths {
        let topic = [UInt8](repeating: 116, count: length)
        try subscriber.subscribe(to: topic)
        try subscriber.subscribe(to: topic)
        for _ in 0..<2 {
          #expect(SubscriptionNotice(try nextMessage(on: publisher))?.isSubscription == true)
          up += link.cost.subscribe(topic: length)
        }
        #expect(try publisher.send(Frame(topic), Frame([UInt8](repeating: 1, count: 1000))))
        #expect(try nextMessage(on: subscriber).count(of: 0) == length)
        down += link.cost.message([length, 1000])
        try subscriber.unsubscribe(from: topic)
        try subscriber.unsubscribe(from: topic)
        #expect(SubscriptionNotice(try nextMessage(on: publisher))?.isSubscription == false)
        up += link.cost.cancel(topic: length)
        #expect(try publisher.send(Frame(topic), "nobody gets this"))
      }
      let counters = try #require(TCPCounters(descriptor: descriptor))
      #expect(counters.uniqueBytesSent == up)
      #expect(counters.bytesReceived == down)
    }
  }

  @Test(arguments: ZMTPCost.Mechanism.allCases)
  func `heartbeats cost what the formulas say, to the byte`(
    mechanism: ZMTPCost.Mechanism
  ) throws {
    try withContext { context in
      var link = try Link(mechanism)
      link.client.heartbeat = Heartbeat(interval: .milliseconds(20))
      var handler = try ZAPHandler(in: context)
      let pull = try Socket(.pull, in: context, options: link.server)
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(.push, in: context, options: link.client)
      let pushMonitor = try push.monitor()
      try push.connect(to: endpoint)
      let descriptor = try connection(connected: pushMonitor)
      try admit(&handler, until: monitor)

      let up = link.cost.handshake(of: .push, isServer: false)
      let down = link.cost.handshake(of: .pull, isServer: true)
      var counters = try #require(TCPCounters(descriptor: descriptor))
      let deadline = ContinuousClock.now + patience
      while counters.bytesReceived.bytes < down.bytes + 5 * link.cost.pong.bytes {
        try #require(ContinuousClock.now < deadline)
        #expect(try pull.receive(within: .milliseconds(10)) == nil)
        counters = try #require(TCPCounters(descriptor: descriptor))
      }
      let pings = (counters.uniqueBytesSent - up).bytes
      let pongs = (counters.bytesReceived - down).bytes
      #expect(pings % link.cost.ping.bytes == 0 && pongs % link.cost.pong.bytes == 0)
      #expect((0...1).contains(pings / link.cost.ping.bytes - pongs / link.cost.pong.bytes))
    }
  }

  @Test(arguments: [0, 6, 255])
  func `a handshake with a routing id costs its length more`(length: Int) throws {
    try withContext { context in
      let router = try Socket(.router, in: context, options: quickOptions())
      let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
      let dealer = try Socket(
        .dealer, in: context,
        options: quickOptions {
          $0.routingID = length > 0 ? [UInt8](repeating: 65, count: length) : nil
        })
      try dealer.connect(to: endpoint)
      try deliver(["x"], on: dealer)
      let message = try nextMessage(on: router)
      let source = try #require(message.sourceDescriptor)
      let counters = try #require(TCPCounters(descriptor: source))
      let cost = ZMTPCost(.null)
      #expect(
        counters.bytesReceived
          == cost.handshake(of: .dealer, isServer: false, routingID: length) + cost.message([1]))
      #expect(counters.uniqueBytesSent == cost.handshake(of: .router, isServer: true))
    }
  }

  /// Two values that libzmq 4.3.4 was seen to send, so that formulas and code can't drift together.
  @Test
  func `handshakes of the fleet's sockets`() {
    let null = ZMTPCost(.null)
    #expect(null.handshake(of: .subscribe, isServer: false) == ByteCount(91))
    #expect(null.handshake(of: .xpub, isServer: true) == ByteCount(92))
    let curve = ZMTPCost(.curve)
    #expect(curve.handshake(of: .pull, isServer: true) == ByteCount(286))
    #expect(curve.handshake(of: .push, isServer: false) == ByteCount(552))
  }
}
