import Bytes
import Foundation
import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct SocketTests {
  @Test(arguments: SocketKind.allCases)
  func `every kind opens with the defaults, finds nothing to receive, and closes`(
    kind: SocketKind
  ) throws {
    try withContext { context in
      let socket = try Socket(kind, in: context)
      #expect(context.openSockets == 1)
      #expect(!(try socket.readiness()).contains(.readable))
    }
  }

  @Test
  func `binding to any port tells the port`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let port = try #require(Int(endpoint.drop { $0 != ":" }.split(separator: ":").last ?? ""))
      #expect((1024...65535).contains(port))
    }
  }

  @Test
  func `a taken port is an error that names the endpoint and a remedy`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let other = try Socket(.pull, in: context)
      let error = #expect(throws: ZMQError.self) { try other.bind(to: endpoint) }
      #expect(error?.code == .addressInUse)
      let description = try #require(error).description
      #expect(description.contains(endpoint) && description.contains("another port"))
    }
  }

  @Test(arguments: [
    ("http://127.0.0.1:80", ZMQError.Code.protocolNotSupported),
    ("tcp://127.0.0.1:notaport", .invalidArgument),
    ("nonsense", .invalidArgument),
    ("inproc://nobody.is.here/" + String(repeating: "x", count: 300), nil),
    ("ipc:///no/such/folder/socket", .noSuchEndpoint),
    ("tcp://198.51.100.1:5555", .addressNotAvailable),
    ("tcp://no.such.interface:5555", .noDevice),
  ])
  func `a bad endpoint is an error and not a trap`(endpoint: String, code: ZMQError.Code?) throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      guard let code else {
        try pull.bind(to: endpoint)
        return
      }
      let error = #expect(throws: ZMQError.self) { try pull.bind(to: endpoint) }
      #expect(error?.code == code)
    }
  }

  @Test(arguments: Transport.allCases)
  func `a pusher blocks at its mark, whole messages only, and goes on when there is room`(
    transport: Transport
  ) throws {
    try withContext { context in
      let options = quickOptions {
        $0.sendHighWaterMark = 4
        $0.receiveHighWaterMark = 4
        $0.sendBuffer = ByteCount(8192)
        $0.receiveBuffer = ByteCount(8192)
      }
      let pull = try Socket(.pull, in: context, options: options)
      let push = try Socket(.push, in: context, options: options)
      try push.connect(to: try pull.bind(to: transport.endpoint))
      let body = Frame(SharedBuffer([UInt8](repeating: 5, count: 100_000)))
      var sent = 0
      while try push.wait(for: .writable, atMost: .milliseconds(200)) {
        guard try push.send(Frame("\(sent)"), body, "end") else { break }
        sent += 1
        try #require(sent < 1000)
      }
      #expect(try !push.send(Frame("refused"), body, "end"))
      #expect(sent >= 4)
      for index in 0..<sent {
        let message = try nextMessage(on: pull)
        #expect(message.frameSizes == ["\(index)".utf8.count, 100_000, 3])
        #expect(message.text(of: 0) == "\(index)")
      }
      try deliver(["after"], on: push)
      #expect(try nextMessage(on: pull).text(of: 0) == "after")
      #expect(try pull.receive() == nil)
    }
  }

  @Test
  func `an immediate pusher refuses while it is off-line`() throws {
    try withContext { context in
      let push = try Socket(.push, in: context, options: quickOptions { $0.isImmediate = true })
      try push.connect(to: "tcp://127.0.0.1:1")
      #expect(try !push.send("x"))
    }
  }

  @Test
  func `a router reaches dealers by their ids and says who is unknown`() throws {
    try withContext { context in
      let router = try Socket(.router, in: context)
      let endpoint = try router.bind(to: "tcp://127.0.0.1:*")
      let dealer = try Socket(
        .dealer, in: context, options: quickOptions { $0.routingID = Array("worker".utf8) })
      try dealer.connect(to: endpoint)
      try deliver(["hello"], on: dealer)
      let message = try nextMessage(on: router)
      #expect(message.text(of: 0) == "worker" && message.text(of: 1) == "hello")
      #expect(try router.send("worker", "welcome"))
      #expect(try nextMessage(on: dealer).text(of: 0) == "welcome")
      let error = #expect(throws: ZMQError.self) { try router.send("stranger", "welcome") }
      #expect(error?.code == .hostUnreachable)
      #expect(try router.send("worker", "again"))
      #expect(try nextMessage(on: dealer).text(of: 0) == "again")
    }
  }

  @Test
  func `a request out of turn is an error`() throws {
    try withContext { context in
      let request = try Socket(.request, in: context)
      let error = #expect(throws: ZMQError.self) { try request.receive() }
      #expect(error?.code == .wrongState)
    }
  }

  @Test
  func `a pusher finds the next socket on its peer's endpoint`() throws {
    try withContext { context in
      let push = try Socket(.push, in: context, options: quickOptions())
      let monitor = try push.monitor()
      let endpoint: String
      do {
        let pull = try Socket(.pull, in: context)
        endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
        try push.connect(to: endpoint)
        try deliver(["first"], on: push)
        #expect(try nextMessage(on: pull).text(of: 0) == "first")
        try awaitHandshake(of: monitor)
      }
      try awaitDisconnection(of: monitor)
      let pull = try Socket(.pull, in: context)
      try pull.bind(to: endpoint)
      try deliver(["second"], on: push)
      #expect(try nextMessage(on: pull).text(of: 0) == "second")
    }
  }

  @Test
  func `an oversized frame ends its sender's connection and nobody else's`() throws {
    try withContext { context in
      let pull = try Socket(
        .pull, in: context, options: quickOptions { $0.maximumFrame = ByteCount(1000) })
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let good = try Socket(.push, in: context, options: quickOptions())
      try good.connect(to: endpoint)
      let bad = try Socket(.push, in: context, options: quickOptions())
      try bad.connect(to: endpoint)
      try deliver([Frame([UInt8](repeating: 0, count: 1000))], on: good)
      #expect(try nextMessage(on: pull).count(of: 0) == 1000)
      try deliver([Frame([UInt8](repeating: 0, count: 1001))], on: bad)
      try awaitDisconnection(of: monitor)
      try deliver(["still here"], on: good)
      #expect(try nextMessage(on: pull).text(of: 0) == "still here")
    }
  }

  @Test
  func `messages over TCP tell the sender's address and a live descriptor`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: "tcp://127.0.0.1:*"))
      try deliver(["x"], on: push)
      let message = try nextMessage(on: pull)
      #expect(message.peerAddress == "127.0.0.1")
      let source = try #require(message.sourceDescriptor)
      #expect(TCPCounters(descriptor: source) != nil)
    }
  }

  @Test
  func `a topic that libzmq would mistake for all topics is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      let socket = try Socket(.subscribe, in: try Context())
      try socket.subscribe(to: [UInt8](repeating: 65, count: 246))
    }
  }
}
