import Glibc
import Measures
import Testing
import ZMTP
import ZeroMQ

/// Peers that don't speak ZMTP, or badly.
@Suite(.timeLimit(.minutes(1)))
struct HostilePeerTests {
  /// A TCP connection to an endpoint, without libzmq.
  private final class RawPeer {
    private let descriptor: CInt

    init(to endpoint: String) throws {
      let port = try #require(UInt16(endpoint.split(separator: ":").last ?? ""))
      descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
      try #require(descriptor >= 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      let result = withUnsafeBytes(of: &address) {
        Glibc.connect(
          descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self),
          socklen_t($0.count))
      }
      try #require(result == 0)
    }

    deinit { close(descriptor) }

    /// Sends the bytes, as far as the other side takes them.
    func send(_ bytes: [UInt8]) {
      _ = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    }

    /// Becomes a peer that libzmq takes for a PUSH.
    func shakeHands() {
      send(HostilePeerTests.handshake)
      #expect(read(92) == 92, "greeting and READY")
    }

    /// Reads until the other side closes or `count` bytes came.
    func read(_ count: Int) -> Int {
      var buffer = [UInt8](repeating: 0, count: count)
      var total = 0
      while total < count {
        let got = recv(descriptor, &buffer, count - total, 0)
        if got <= 0 { break }
        total += got
      }
      return total
    }
  }

  /// A ZMTP 3.1 greeting with the NULL mechanism, then READY as a PUSH.
  fileprivate static var handshake: [UInt8] {
    let greeting: [UInt8] =
      [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1]
      + Array("NULL".utf8) + [UInt8](repeating: 0, count: 16 + 32)
    let metadata = [11] + Array("Socket-Type".utf8) + [0, 0, 0, 4] + Array("PUSH".utf8)
    let ready = [5] + Array("READY".utf8) + metadata
    return greeting + [4, UInt8(ready.count)] + ready
  }

  private func exchange(
    _ pull: borrowing Socket, _ push: borrowing Socket, _ text: String
  ) throws {
    try deliver([Frame(text)], on: push)
    while true {
      let reception = try #require(try pull.receive(within: patience))
      if reception.message?.text(of: 0) == text { return }
    }
  }

  @Test(arguments: 0..<30)
  func `random bytes disturb nobody else`(seed: UInt64) throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context, options: quickOptions())
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let push = try Socket(.push, in: context, options: quickOptions())
      try push.connect(to: endpoint)
      try exchange(pull, push, "before")
      var random = RandomStream(seed: seed)
      let peers = try (0..<4).map { _ in try RawPeer(to: endpoint) }
      for (index, peer) in peers.enumerated() {
        // Each gets further: into the greeting, past it, past the handshake.
        if index == 3 {
          peer.shakeHands()
        } else {
          peer.send(Array(Self.handshake.prefix(32 * index)))
        }
        let count = Int(random.next() % 2000)
        peer.send((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
      }
      for index in 0..<10 { try exchange(pull, push, "message \(index)") }
    }
  }

  @Test(arguments: 0..<64)
  func `a peer that stops in the middle of its greeting disturbs nobody else`(length: Int) throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context, options: quickOptions())
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let peer = try RawPeer(to: endpoint)
      peer.send(Array(Self.handshake.prefix(length)))
      let push = try Socket(.push, in: context, options: quickOptions())
      try push.connect(to: endpoint)
      try exchange(pull, push, "through")
    }
  }

  @Test(arguments: [1_000_001, UInt64(1) << 40, UInt64(1) << 62, .max])
  func `a frame announced as too large ends its connection before it comes`(size: UInt64) throws {
    try withContext { context in
      let pull = try Socket(
        .pull, in: context, options: quickOptions { $0.maximumFrame = ByteCount(1_000_000) })
      let monitor = try pull.monitor()
      let peer = try RawPeer(to: try pull.bind(to: "tcp://127.0.0.1:*"))
      peer.shakeHands()
      peer.send([2] + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) })
      try awaitDisconnection(of: monitor)
      #expect(peer.read(1000) == 0)
      #expect(try pull.receive() == nil)
    }
  }

  @Test
  func `a peer with ten thousand frames is told by its excess`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context, options: quickOptions())
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let peer = try RawPeer(to: endpoint)
      peer.shakeHands()
      peer.send((0..<9_999).flatMap { _ in [1, 1, 65] as [UInt8] })
      peer.send([0, 1, 65, 0, 2, 66, 67])
      let reception = try #require(try pull.receive(within: patience))
      guard case .excess(let excess) = reception else {
        Issue.record("the message was not drained")
        return
      }
      #expect(excess.frames == 10_000 && excess.size.bytes == 10_000)
      #expect(excess.peerAddress == "127.0.0.1")
      #expect(try nextMessage(on: pull).text(of: 0) == "BC")
    }
  }

  @Test
  func `a message cut by the end of its connection is not delivered`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context, options: quickOptions())
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      do {
        let peer = try RawPeer(to: endpoint)
        peer.shakeHands()
        peer.send([1, 1, 65, 1, 1, 66, 0, 200, 67])
      }
      try awaitDisconnection(of: monitor)
      #expect(try pull.receive() == nil)
    }
  }
}
