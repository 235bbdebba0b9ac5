import Foundation
import Testing
import Wire

/// Messages come back from their frames.
@Suite struct RoundTripTests {
  @Test(arguments: 0..<50 as Range<UInt64>)
  func `every message of a client comes back whole`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let payload = samples.bytes(1 + samples.number(300))
    for message in samples.uplinks(payload: payload.count) {
      let payload = message.body.hasPayload ? payload : []
      #expect(try Frames.uplink(Frames.seal(message, payload), payload) == message)
    }
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `every message of the broker comes back whole`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let payload = samples.bytes(1 + samples.number(300))
    for message in samples.downlinks(payload: payload.count) {
      let payload = message.body.hasPayload ? payload : []
      #expect(try Frames.downlink(Frames.seal(message, payload), payload) == message)
    }
  }

  @Test func `all reasons and states have a number of the schema`() throws {
    let header = Header(client: 1)
    for reason in RefusalReason.allCases {
      let message = Message(header, Downlink.refuse(reason, retry: nil, detail: ""))
      #expect(try Frames.downlink(Frames.seal(message)) == message)
    }
    for reason in DeclineReason.allCases {
      let message = Message(header, Uplink.decline(reason, detail: ""))
      #expect(try Frames.uplink(Frames.seal(message)) == message)
    }
    for activity in Activity.allCases {
      let message = Message(header, Uplink.heartbeat(activity))
      #expect(try Frames.uplink(Frames.seal(message)) == message)
    }
  }

  @Test(arguments: ["a", "é", "½", "🦊", "e\u{301}"])
  func `a text that is too long arrives cut, not refused`(letter: String) throws {
    let text = String(repeating: letter, count: 5000)
    let decline = Message(Header(client: 1), Uplink.decline(.failed, detail: text))
    guard case .decline(.failed, let detail) = try Frames.uplink(Frames.seal(decline)).body else {
      Issue.record("another body")
      return
    }
    #expect(!detail.isEmpty && text.unicodeScalars.starts(with: detail.unicodeScalars))
    let refusal = Message(
      Header(client: 1), Downlink.refuse(.malformed, retry: nil, detail: text))
    #expect(throws: Never.self) { _ = try Frames.downlink(Frames.seal(refusal)) }
  }

  @Test(arguments: [(1 << 32) - 1, 1 << 32, 365 * 86_400_000, Int.max])
  func `a deadline beyond what the field holds is told as the farthest`(milliseconds: Int) throws {
    var samples = Samples(seed: 1)
    var announce = samples.announce()
    announce.remaining = milliseconds
    let frame = Frames.seal(Message(Header(run: 1), Downlink.announce(announce)))
    guard case .announce(let heard) = try Frames.downlink(frame).body else {
      Issue.record("another body")
      return
    }
    #expect(heard.remaining == (1 << 32) - 1)
  }

  @Test func `an announcement to 100,000 clients fits the largest envelope`() throws {
    var samples = Samples(seed: 1)
    var announce = samples.announce()
    announce.selected = Array(0..<100_000)
    announce.depths = [0: 1, 99_999: 3]
    let message = Message(Header(run: 1, epoch: 1, round: 1, stage: 1), Downlink.announce(announce))
    let frame = Frames.seal(message)
    #expect(frame.count <= Envelope.maximalBytes)
    #expect(try Frames.downlink(frame) == message)
  }

  @Test(arguments: ["initial", "dense32", "topk1+linear4+zstd"])
  func `a patch's codec comes back from its text, in a file too`(text: String) throws {
    let codec = try #require(PatchCodec(text))
    #expect(codec.description == text)
    let data = try JSONEncoder().encode([codec])
    #expect(String(decoding: data, as: UTF8.self) == "[\"\(text)\"]")
    #expect(try JSONDecoder().decode([PatchCodec].self, from: data) == [codec])
  }

  @Test func `a patch has no codec that there isn't`() {
    #expect(PatchCodec("initials") == nil && PatchCodec("") == nil)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([PatchCodec].self, from: Data(#"["zip"]"#.utf8))
    }
  }

  @Test func `the example of the module's page comes back whole`() throws {
    let message = Message(
      Header(run: 1, epoch: 1, round: 3, stage: 1, client: 7), Uplink.heartbeat(.training))
    let frame = Envelope.frame(message)
    let read = try frame.withUnsafeBytes { frame throws(WireError) in
      try Envelope.uplink(frame, payload: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    #expect(read == message)
  }
}
