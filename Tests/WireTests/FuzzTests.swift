import Testing
import Wire

/// Damaged and hostile frames are refused with an error, never with a crash.
@Suite struct FuzzTests {
  @Test(arguments: 0..<3 as Range<UInt64>)
  func `each single flipped bit is noticed`(seed: UInt64) {
    var samples = Samples(seed: seed)
    let payload = samples.bytes(20)
    for message in samples.uplinks(payload: payload.count) {
      let payload = message.body.hasPayload ? payload : []
      expectEachFlipRefused(Frames.seal(message, payload), payload) {
        (try? Frames.uplink($0, $1)) == nil
      }
    }
    for message in samples.downlinks(payload: payload.count) {
      let payload = message.body.hasPayload ? payload : []
      expectEachFlipRefused(Frames.seal(message, payload), payload) {
        (try? Frames.downlink($0, $1)) == nil
      }
    }
  }

  private func expectEachFlipRefused(
    _ frame: [UInt8], _ payload: [UInt8], refuses: ([UInt8], [UInt8]) -> Bool
  ) {
    for bit in 0..<8 * (frame.count + payload.count) {
      var (frame, payload) = (frame, payload)
      if bit < 8 * frame.count {
        frame[bit / 8] ^= 1 << (bit % 8)
      } else {
        payload[bit / 8 - frame.count] ^= 1 << (bit % 8)
      }
      #expect(refuses(frame, payload), "bit \(bit) of \(frame.count) + \(payload.count) bytes")
    }
  }

  @Test(arguments: 0..<3 as Range<UInt64>)
  func `each truncation is noticed`(seed: UInt64) {
    var samples = Samples(seed: seed)
    let payload = samples.bytes(20)
    for message in samples.downlinks(payload: payload.count) {
      let payload = message.body.hasPayload ? payload : []
      let frame = Frames.seal(message, payload)
      for count in 0..<frame.count {
        #expect((try? Frames.downlink(Array(frame.prefix(count)), payload)) == nil)
      }
      for count in 0..<payload.count {
        #expect((try? Frames.downlink(frame, Array(payload.prefix(count)))) == nil)
      }
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `random bytes are no message`(seed: UInt64) {
    var samples = Samples(seed: seed)
    for _ in 0..<500 {
      let frame = samples.bytes(samples.number(200))
      let payload = samples.bytes(samples.number(10))
      #expect((try? Frames.uplink(frame, payload)) == nil)
      #expect((try? Frames.downlink(frame, payload)) == nil)
    }
  }

  /// A peer that can compute checksums: what passes must be a message that can be sent again.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `spliced bodies under a right checksum are refused or stay themselves`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let payload = samples.bytes(3)
    var bodies = samples.uplinks(payload: 3).map { Frames.seal($0, payload).dropFirst(8) }
    bodies += samples.downlinks(payload: 3).map { Frames.seal($0, payload).dropFirst(8) }
    for _ in 0..<100 {
      let body = splice(bodies, &samples)
      for payload in [[], payload] {
        let frame = Frames.forge(body, payload)
        if let message = try? Frames.uplink(frame, payload) {
          #expect(try Frames.uplink(Frames.seal(message, payload), payload) == message)
        }
        if let message = try? Frames.downlink(frame, payload) {
          #expect(try Frames.downlink(Frames.seal(message, payload), payload) == message)
        }
      }
    }
  }

  private func splice(_ bodies: [ArraySlice<UInt8>], _ samples: inout Samples) -> [UInt8] {
    let first = Array(bodies[samples.number(bodies.count)])
    let second = Array(bodies[samples.number(bodies.count)])
    var body = first
    switch samples.number(5) {
    case 0: body = first.prefix(samples.number(first.count + 1)) + second
    case 1: body = first + second.dropFirst(samples.number(second.count + 1))
    case 2: body.insert(contentsOf: second, at: samples.number(first.count + 1))
    case 3:
      for _ in 0...samples.number(4) where !body.isEmpty {
        body[samples.number(body.count)] = samples.bytes(1)[0]
      }
    default:
      let start = samples.number(first.count + 1)
      body.removeSubrange(start..<min(first.count, start + samples.number(8)))
    }
    return body
  }
}
