import Bytes
import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct PublisherTests {
  @Test(arguments: Transport.allCases)
  func `a publisher learns of subscriptions, cancellations and lost subscribers`(
    transport: Transport
  ) throws {
    try withContext { context in
      let publisher = try Socket(.xpub, in: context, options: quickOptions())
      let endpoint = try publisher.bind(to: transport.endpoint)
      func next() throws -> SubscriptionNotice? {
        SubscriptionNotice(try nextMessage(on: publisher))
      }
      do {
        let subscriber = try Socket(.subscribe, in: context, options: quickOptions())
        try subscriber.connect(to: endpoint)
        try subscriber.subscribe(to: "c/1/")
        #expect(try next() == SubscriptionNotice(topic: "c/1/", isSubscription: true))
        try subscriber.subscribe(to: "m/2/")
        #expect(try next() == SubscriptionNotice(topic: "m/2/", isSubscription: true))
        try subscriber.unsubscribe(from: "m/2/")
        #expect(try next() == SubscriptionNotice(topic: "m/2/", isSubscription: false))
      }
      #expect(try next() == SubscriptionNotice(topic: "c/1/", isSubscription: false))
    }
  }

  @Test
  func `two subscribers of one topic are two notices of each sort`() throws {
    try withContext { context in
      let publisher = try Socket(.xpub, in: context)
      let endpoint = try publisher.bind(to: "tcp://127.0.0.1:*")
      do {
        let first = try Socket(.subscribe, in: context)
        try first.subscribe(to: "a/")
        try first.connect(to: endpoint)
        let second = try Socket(.subscribe, in: context)
        try second.subscribe(to: "a/")
        try second.connect(to: endpoint)
        for _ in 0..<2 {
          let notice = SubscriptionNotice(try nextMessage(on: publisher))
          #expect(notice == SubscriptionNotice(topic: "a/", isSubscription: true))
        }
      }
      for _ in 0..<2 {
        let notice = SubscriptionNotice(try nextMessage(on: publisher))
        #expect(notice == SubscriptionNotice(topic: "a/", isSubscription: false))
      }
    }
  }

  @Test
  func `topics that end in a delimiter don't match each other`() throws {
    try withContext { context in
      let publisher = try Socket(.xpub, in: context)
      let subscriber = try Socket(.subscribe, in: context)
      try subscriber.connect(to: try publisher.bind(to: "tcp://127.0.0.1:*"))
      try subscriber.subscribe(to: "c/1/")
      _ = try nextMessage(on: publisher)
      for worker in [10, 1, 11, 100] { #expect(try publisher.send(Frame("c/\(worker)/"), "x")) }
      #expect(try publisher.send("c/1/", "end"))
      #expect(try nextMessage(on: subscriber).text(of: 1) == "x")
      #expect(try nextMessage(on: subscriber).text(of: 1) == "end")
    }
  }

  @Test(arguments: 1...5)
  func `a slow subscriber misses the newest messages, whole ones`(mark: Int) throws {
    try withContext { context in
      let options = quickOptions {
        $0.sendHighWaterMark = mark
        $0.receiveHighWaterMark = mark
      }
      let publisher = try Socket(.xpub, in: context, options: options)
      let subscriber = try Socket(.subscribe, in: context, options: options)
      try subscriber.connect(to: try publisher.bind(to: "inproc://bulk"))
      try subscriber.subscribe(to: "m/")
      _ = try nextMessage(on: publisher)
      for index in 0..<50 { #expect(try publisher.send("m/", Frame("\(index)"), "end")) }
      for index in 0..<2 * mark {
        #expect(
          try nextMessage(on: subscriber).bytes(of: 1) == Array("\(index)".utf8),
          "the marks of both ends add up within the process")
      }
      #expect(try subscriber.receive() == nil)
    }
  }

  @Test
  func `a welcome greets each new subscriber to its prefix, and can change`() throws {
    try withContext { context in
      let options = quickOptions { $0.welcome = Array("a/1".utf8) }
      let publisher = try Socket(.xpub, in: context, options: options)
      let endpoint = try publisher.bind(to: "tcp://127.0.0.1:*")
      for text in ["a/1", "a/2"] {
        try publisher.setWelcome(Array(text.utf8))
        let subscriber = try Socket(.subscribe, in: context)
        try subscriber.subscribe(to: "a/")
        try subscriber.connect(to: endpoint)
        let notice = try #require(SubscriptionNotice(try nextMessage(on: publisher)))
        #expect(notice.isSubscription)
        #expect(try nextMessage(on: subscriber).text(of: 0) == text)
        try subscriber.disconnect(from: endpoint)
        #expect(try !subscriber.wait(for: .readable, atMost: .milliseconds(50)))
        #expect(SubscriptionNotice(try nextMessage(on: publisher))?.isSubscription == false)
      }
    }
  }

  @Test(arguments: [Transport.inproc, .tcp])
  func `two hundred subscribers get one buffer`(transport: Transport) throws {
    try withContext { context in
      let publisher = try Socket(.xpub, in: context)
      let endpoint = try publisher.bind(to: transport.endpoint)
      let buffer = SharedBuffer([UInt8](repeating: 6, count: 50_000))
      let address = buffer.bytes.withUnsafeBytes { $0.baseAddress }

      /// Makes one more subscriber, since sockets can't be in an array, and broadcasts at the last.
      func subscribe(_ remaining: Int) throws {
        guard remaining > 0 else {
          #expect(try publisher.send("m/", Frame(buffer)))
          return
        }
        let subscriber = try Socket(.subscribe, in: context, options: quickOptions())
        try subscriber.connect(to: endpoint)
        try subscriber.subscribe(to: "m/")
        _ = try nextMessage(on: publisher)
        try subscribe(remaining - 1)
        let message = try nextMessage(on: subscriber)
        message.withUnsafeBytes(of: 1) { bytes in
          #expect(bytes.elementsEqual(buffer.bytes))
          if transport == .inproc { #expect(bytes.baseAddress == address, "not copied") }
        }
      }
      try subscribe(200)
    }
  }

  @Test
  func `what a peer's XSUB says beside subscriptions is no notice`() throws {
    try withContext { context in
      let publisher = try Socket(.xpub, in: context)
      let peer = try Socket(.xsub, in: context)
      try peer.connect(to: try publisher.bind(to: "inproc://xsub"))
      #expect(try peer.send(Frame([2, 65])))
      #expect(SubscriptionNotice(try nextMessage(on: publisher)) == nil)
      #expect(try peer.send(Frame([1, 65])))
      let notice = SubscriptionNotice(try nextMessage(on: publisher))
      #expect(notice?.text == "A")
    }
  }
}

extension SubscriptionNotice {
  fileprivate init(topic: String, isSubscription: Bool) {
    self.init(topic: Array(topic.utf8), isSubscription: isSubscription)
  }
}
