import Bytes
import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct MessageTests {
  @Test(arguments: Transport.allCases, [0, 1, 33, 34, 1023, 1024, 300_000])
  func `a message of many frames arrives whole over every transport`(
    transport: Transport, size: Int
  ) throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: transport.endpoint))
      var random = RandomStream(seed: UInt64(size))
      let bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let sent = [[1], bytes, [], bytes, bytes, bytes + [7]]
      try deliver(sent.map { Frame($0) }, on: push)
      let message = try nextMessage(on: pull)
      #expect(frames(of: message) == sent)
      #expect(message.frameSizes == sent.map(\.count))
      #expect(message.size == ByteCount(4 * size + 2))
    }
  }

  @Test
  func `a shared buffer reaches a peer within the process without being copied`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: "inproc://shared"))
      let buffer = SharedBuffer([UInt8](0..<200))
      try deliver([Frame(buffer), Frame(buffer, range: 50..<150)], on: push)
      let message = try nextMessage(on: pull)
      let sent = buffer.bytes.withUnsafeBytes { $0.baseAddress }
      message.withUnsafeBytes(of: 0) { #expect($0.baseAddress == sent) }
      message.withUnsafeBytes(of: 1) {
        #expect($0.baseAddress == sent.map { $0 + 50 } && $0.count == 100)
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func `a shared buffer is freed after its last message`(transport: Transport) throws {
    let buffer = Released()
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: transport.endpoint))
      for _ in 0..<3 { try deliver([buffer.frame()], on: push) }
      for _ in 0..<3 { #expect(try nextMessage(on: pull).count(of: 0) == 5000) }
    }
    #expect(buffer.isReleased)
  }

  @Test
  func `a shared buffer is freed when its message is refused or never sent`() throws {
    let buffer = Released()
    try withContext { context in
      let push = try Socket(.push, in: context)
      #expect(try !push.send("first", buffer.frame()))
      #expect(try !push.send(buffer.frame(), "last"))
      try push.connect(to: "tcp://127.0.0.1:1")  // nobody is there
      #expect(try push.send(buffer.frame()))
    }
    #expect(buffer.isReleased)
  }

  @Test
  func `a message outlives its socket and context`() throws {
    let message = try withContext { context in
      let pair = try Socket(.pair, in: context)
      let other = try Socket(.pair, in: context)
      try other.connect(to: try pair.bind(to: "inproc://pair"))
      try deliver(["name", "value"], on: pair)
      return try nextMessage(on: other)
    }
    #expect(message.text(of: 0) == "name")
    #expect(message.withSpan(of: 1) { $0.count } == 5)
  }

  @Test(arguments: 1...10)
  func `more frames than allowed are drained and reported, and the next message is whole`(
    frames: Int
  ) throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: "tcp://127.0.0.1:*"))
      try deliver([Frame](repeating: "abc", count: frames), on: push)
      try deliver(["next"], on: push)
      let reception = try pull.receive(within: patience, limits: ReceiveLimits(frames: 5))
      switch try #require(reception) {
      case .message(let message): #expect(frames <= 5 && message.frameCount == frames)
      case .excess(let excess):
        #expect(frames > 5 && excess.frames == frames && excess.size.bytes == 3 * frames)
        #expect(excess.peerAddress == "127.0.0.1")
      }
      #expect(try nextMessage(on: pull).text(of: 0) == "next")
    }
  }

  @Test(arguments: 0...12)
  func `more bytes than allowed are drained and reported`(limit: Int) throws {
    try withContext { context in
      let pair = try Socket(.pair, in: context)
      let other = try Socket(.pair, in: context)
      try other.connect(to: try pair.bind(to: "inproc://pair"))
      try deliver(["abcd", "efgh", "ij"], on: pair)
      try deliver(["next"], on: pair)
      let limits = ReceiveLimits(size: ByteCount(limit))
      switch try #require(try other.receive(limits: limits)) {
      case .message(let message): #expect(limit >= 10 && message.size.bytes == 10)
      case .excess(let excess): #expect(limit < 10 && excess.size.bytes == 10 && excess.frames == 3)
      }
      #expect(try nextMessage(on: other).text(of: 0) == "next")
    }
  }

  @Test
  func `text that is not UTF-8 is no text`() throws {
    try withContext { context in
      let pair = try Socket(.pair, in: context)
      let other = try Socket(.pair, in: context)
      try other.connect(to: try pair.bind(to: "inproc://pair"))
      try deliver([Frame([0xC3, 0x28]), "ä"], on: pair)
      let message = try nextMessage(on: other)
      #expect(message.text(of: 0) == nil)
      #expect(message.text(of: 1) == "ä")
      #expect(
        message.sourceDescriptor == nil && message.peerAddress == nil && message.userID == nil)
    }
  }

  @Test
  func `forwarding shares the bytes`() throws {
    try withContext { context in
      let source = try Socket(.push, in: context)
      let relayIn = try Socket(.pull, in: context)
      let relayOut = try Socket(.push, in: context)
      let sink = try Socket(.pull, in: context)
      try source.connect(to: try relayIn.bind(to: "inproc://first"))
      try relayOut.connect(to: try sink.bind(to: "inproc://second"))
      let buffer = SharedBuffer([UInt8](repeating: 3, count: 100))
      try deliver(["head", Frame(buffer)], on: source)
      let message = try nextMessage(on: relayIn)
      #expect(try relayOut.forward(message))
      let forwarded = try nextMessage(on: sink)
      #expect(frames(of: forwarded) == frames(of: message))
      let address = message.withUnsafeBytes(of: 1) { $0.baseAddress }
      forwarded.withUnsafeBytes(of: 1) { #expect($0.baseAddress == address) }
    }
  }

  @Test
  func `a range outside of a buffer is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      _ = Frame(SharedBuffer([1, 2, 3]), range: 1..<5)
    }
  }

  @Test
  func `a frame that a message lacks is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      try withContext { context in
        let pair = try Socket(.pair, in: context)
        let other = try Socket(.pair, in: context)
        try other.connect(to: try pair.bind(to: "inproc://pair"))
        try deliver(["only"], on: pair)
        _ = try nextMessage(on: other).count(of: 1)
      }
    }
  }
}

/// Makes frames of one buffer and sees whether somebody keeps it.
private final class Released {
  private weak var watched: SharedBuffer?
  private var kept: SharedBuffer?

  init() {
    let buffer = SharedBuffer([UInt8](repeating: 9, count: 5000))
    watched = buffer
    kept = buffer
  }

  func frame() -> Frame {
    guard let kept else { preconditionFailure("asked after the end") }
    return Frame(kept)
  }

  var isReleased: Bool {
    kept = nil
    return watched == nil
  }
}
