import Codecs
import Bytes
import Testing
import Wire

/// The bytes of a few messages: what other implementations of the protocol must agree on.
@Suite struct GoldenTests {
  private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test func `a leave`() {
    let header = Header(run: 0x0102_0304_0506_0708, epoch: 2, round: 3, stage: 1, client: 300)
    let body = "09" + "0807060504030201" + "1002" + "1803" + "2001" + "28ac02" + "aa0100"
    let frame = Frames.seal(Message(header, Uplink.leave(worker: 0)))
    #expect(hex(frame.prefix(4)) == "50460100")
    #expect(hex(frame.dropFirst(8)) == body)
    #expect(frame == Frames.forge(Array(frame.dropFirst(8))))
  }

  @Test func `a join of client 0, which is there though it is zero`() {
    let plan = Digest(of: [])
    let frame = Frames.seal(
      Message(Header(client: 0), Uplink.join(Join(worker: 1, plan: plan, maximalStage: 2))))
    #expect(
      hex(frame.dropFirst(8))
        == "2800" + "82012d" + "090100000000000000" + "1220"
        + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" + "1802")
  }

  @Test func `a chunk, whose checksum covers its payload`() {
    let message = Message(
      Header(run: 1, epoch: 1, round: 1, stage: 1, client: 4, attempt: 1),
      Uplink.updateChunk(offset: 262_144, length: 9))
    let payload = Array("123456789".utf8)
    let frame = Frames.seal(message, payload)
    let body =
      "09" + "0100000000000000" + "1001" + "1801" + "2001" + "2804" + "3001"
      + "9a0104" + "08808010"
    #expect(hex(frame.dropFirst(8)) == body)
    #expect(frame == Frames.forge(Array(frame.dropFirst(8)), payload))
  }

  @Test func `a grant`() {
    let frame = Frames.seal(Message(Header(client: 4), Downlink.grant(2..<12)))
    #expect(hex(frame.dropFirst(8)) == "2804" + "9a0206" + "0a04" + "0802" + "100a")
  }

  @Test func `a selection, as distances`() {
    let announce = Announce(
      sequence: 1, state: .open, warmUp: true, remaining: 1000, learningRate: 0.5,
      selected: [0, 3, 130], segments: [], updateCodec: .dense32)
    let frame = Frames.seal(Message(Header(), Downlink.announce(announce)))
    #expect(
      hex(frame.dropFirst(8))
        == "8a021c" + "0801" + "1002" + "1801" + "20e807" + "2d0000003f" + "3203" + "01037f"
        + "4a07" + hex("dense32".utf8))
  }
}
