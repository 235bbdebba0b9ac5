import Bytes
package import Measures
import Wire

/// Frames from the other side: damaged ones, and well-sealed ones with a damaged body.
package struct EnvelopeTarget: FuzzTarget {
  package let name = "envelopes"

  /// The target.
  package init() {}

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    var messages = RandomMessages(
      stream: stream.stream("messages"), digests: [Digest(of: [1]), Digest(of: [2])])
    let header = Header(
      run: messages.stream.next(), epoch: messages.count(bits: 32),
      round: messages.count(bits: 32), stage: messages.count(bits: 32),
      client: messages.count(bits: 31), attempt: messages.number(3))
    let payload = [UInt8](repeating: 7, count: messages.number(3))
    let isUplink = messages.number(2) == 0
    let frame =
      isUplink
      ? Envelope.frame(Message(header, messages.uplink()))
      : Envelope.frame(Message(header, messages.downlink()))
    var damaged: [UInt8]
    if messages.number(4) == 0 {
      damaged = ByteMutation.damage(frame, using: &stream)
    } else {
      let body = ByteMutation.damage(
        Array(frame.dropFirst(Envelope.preamble)), using: &stream)
      damaged = Self.seal(body, payload)
    }
    if messages.number(64) == 0 { damaged += Array(repeating: 0x2a, count: 1 << 20) }
    let (uplink, downlink) = Self.read(damaged, payload)
    if let uplink { try Self.check(uplink) }
    if let downlink { try Self.check(downlink) }
    return uplink != nil || downlink != nil
  }

  /// The frame as what a client or a broker sent.
  private static func read(
    _ frame: [UInt8], _ payload: [UInt8]
  ) -> (uplink: Message<Uplink>?, downlink: Message<Downlink>?) {
    // SAFETY: the buffers are read within the closures alone.
    unsafe frame.withUnsafeBytes { frame in
      unsafe payload.withUnsafeBytes { payload in
        (
          unsafe try? Envelope.uplink(frame, payload: payload),
          unsafe try? Envelope.downlink(frame, payload: payload)
        )
      }
    }
  }

  /// Throws unless the message is the same after it was written and read again.
  private static func check(_ message: Message<Uplink>) throws(FuzzFinding) {
    if case .updateChunk = message.body { return }
    let frame = Envelope.frame(message)
    guard read(frame, []).uplink == message else {
      throw FuzzFinding("\(message) isn't itself when said again")
    }
  }

  private static func check(_ message: Message<Downlink>) throws(FuzzFinding) {
    switch message.body {
    case .modelChunk, .planChunk: return
    default: break
    }
    let frame = Envelope.frame(message)
    guard read(frame, []).downlink == message else {
      throw FuzzFinding("\(message) isn't itself when said again")
    }
  }

  /// A frame with the right signature and checksum around any body.
  static func seal(_ body: [UInt8], _ payload: [UInt8]) -> [UInt8] {
    let checksum = CRC32C.checksum(body + payload)
    return [0x50, 0x46, UInt8(Envelope.version), 0] + checksum.littleEndianBytes + body
  }
}
