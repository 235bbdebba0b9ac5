package import Measures

/// The bytes that libzmq 4.3.4's ZMTP 3.1 puts on a stream (RFC 37/ZMTP, RFC 26/CURVEZMQ).
///
/// Sizes are those of one direction: what the named side sends. Below the stream, TCP and IP add
/// their headers.
package struct ZMTPCost: Hashable, Sendable {
  /// The security of a connection.
  package enum Mechanism: Hashable, Sendable, CaseIterable {
    case null, curve
  }

  /// The mechanism of the connection.
  package var mechanism: Mechanism

  /// The costs of a connection with the given mechanism.
  package init(_ mechanism: Mechanism) { self.mechanism = mechanism }

  /// Greeting and handshake of a socket of `kind`; `isServer` is the CURVE role, `routingID` the
  /// length of its id.
  package func handshake(
    of kind: SocketKind, isServer: Bool, routingID: Int = 0
  ) -> ByteCount {
    let greeting = 64
    var metadata = 1 + 11 + 4 + kind.rawValue.utf8.count  // "Socket-Type"
    if kind.announcesRoutingID { metadata += 1 + 8 + 4 + routingID }  // "Identity"
    switch (mechanism, isServer) {
    case (.null, _): return ByteCount(greeting + Self.framed(6 + metadata))  // READY
    case (.curve, true):
      return ByteCount(greeting + Self.framed(168) + Self.framed(30 + metadata))  // WELCOME, READY
    case (.curve, false):
      // HELLO, INITIATE
      return ByteCount(greeting + Self.framed(200) + Self.framed(257 + metadata))
    }
  }

  /// A subscription to a topic of `length` bytes.
  package func subscribe(topic length: Int) -> ByteCount { command("SUBSCRIBE", length) }

  /// The cancellation of a subscription to a topic of `length` bytes.
  package func cancel(topic length: Int) -> ByteCount { command("CANCEL", length) }

  /// A frame of `count` bytes.
  package func frame(_ count: Int) -> ByteCount { ByteCount(Self.framed(sealed(count))) }

  /// A message whose frames have these sizes.
  package func message(_ frames: some Sequence<Int>) -> ByteCount {
    frames.reduce(.zero) { $0 + frame($1) }
  }

  /// A heartbeat.
  package var ping: ByteCount { command("PING", 2) }

  /// The answer to a heartbeat.
  package var pong: ByteCount { command("PONG", 0) }

  private func command(_ name: String, _ body: Int) -> ByteCount {
    ByteCount(Self.framed(sealed(1 + name.utf8.count + body)))
  }

  /// The size of a frame's or command's body under the mechanism: CURVE adds "\u{7}MESSAGE", 8
  /// bytes of nonce, 16 of authenticator and 1 of flags.
  private func sealed(_ count: Int) -> Int {
    switch mechanism {
    case .null: count
    case .curve: count + 33
    }
  }

  /// The size with flags and length, the latter of one byte up to 255.
  private static func framed(_ count: Int) -> Int { count + (count <= 255 ? 2 : 9) }
}
