import Bytes
import Foundation
import SwiftProtobuf
import Testing
import Wire

/// Values that no sender may use are refused by name, whatever the checksum says.
@Suite struct BoundsTests {
  /// The protobuf encoding of a field: its number, wire type and content.
  private func field(_ number: Int, varint value: UInt64) -> [UInt8] {
    varint(UInt64(number << 3)) + varint(value)
  }

  private func field(_ number: Int, bytes: [UInt8]) -> [UInt8] {
    varint(UInt64(number << 3 | 2)) + varint(UInt64(bytes.count)) + bytes
  }

  private func field(_ number: Int, float: Float) -> [UInt8] {
    varint(UInt64(number << 3 | 5)) + (0..<4).map { UInt8(float.bitPattern >> (8 * $0) & 255) }
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest > 127 {
      bytes.append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private func range(_ offset: UInt64, _ length: UInt64) -> [UInt8] {
    field(1, varint: offset) + field(2, varint: length)
  }

  private var client: [UInt8] { field(5, varint: 3) }
  private let digest = [UInt8](repeating: 7, count: 32)
  private let long = [UInt8](repeating: 0x61, count: 1025)

  private func uplink(_ body: [UInt8], _ payload: [UInt8] = []) -> WireError? {
    let frame = Frames.forge(body, payload)
    return #expect(throws: WireError.self) { _ = try Frames.uplink(frame, payload) }
  }

  private func downlink(_ body: [UInt8], _ payload: [UInt8] = []) -> WireError? {
    let frame = Frames.forge(body, payload)
    return #expect(throws: WireError.self) { _ = try Frames.downlink(frame, payload) }
  }

  @Test func `a client's message must name its client, which must have a plausible number`() {
    #expect(uplink(field(21, bytes: [])) == .field("client"))
    #expect(uplink(field(5, varint: 1 << 31) + field(21, bytes: [])) == .field("client"))
    #expect(downlink(field(5, varint: 1 << 31) + field(38, bytes: [])) == .field("client"))
  }

  @Test func `a body is needed, and one for this side`() {
    #expect(uplink(client) == .body)
    #expect(uplink(client + field(38, bytes: [])) == .body)
    #expect(downlink(client) == .body)
    #expect(downlink(client + field(21, bytes: [])) == .body)
  }

  @Test func `a payload stands beside chunks alone, and isn't empty`() {
    #expect(uplink(client + field(19, bytes: [])) == .payload(count: 0))
    #expect(uplink(client + field(21, bytes: []), [1, 2]) == .payload(count: 2))
    #expect(downlink(field(34, bytes: [])) == .payload(count: 0))
    #expect(downlink(field(38, bytes: []), [1]) == .payload(count: 1))
  }

  @Test func `a join's digest and stage are checked`() {
    #expect(uplink(client + field(16, bytes: field(2, bytes: [1, 2]))) == .field("plan"))
    #expect(
      uplink(client + field(16, bytes: field(2, bytes: digest) + field(3, varint: 65537)))
        == .field("maximal_stage"))
    #expect(
      uplink(client + field(16, bytes: field(2, bytes: digest) + field(4, varint: 1 << 48)))
        == .field("samples"))
    let labels = field(7, bytes: varint(3) + varint(1 << 48))
    #expect(
      uplink(client + field(16, bytes: field(2, bytes: digest) + labels))
        == .field("label_counts"))
  }

  @Test func `scores are counts of which none is more than what it is a part of`() {
    func scores(_ fields: [UInt8]...) -> WireError? {
      uplink(client + field(25, bytes: field(1, bytes: digest) + fields.joined()))
    }
    func count(_ samples: UInt64, _ points: UInt64, _ correct: UInt64) -> [UInt8] {
      field(2, varint: samples) + field(3, varint: points) + field(4, varint: correct)
    }
    #expect(uplink(client + field(25, bytes: count(1, 1, 1))) == .field("base"))
    #expect(scores(count(1 << 48, 1, 0)) == .field("samples"))
    #expect(scores(count(2, 1, 0)) == .field("points"))
    #expect(scores(count(1, 2, 3)) == .field("points"))
    #expect(scores(count(1, 1, 1), [41] + [UInt8](repeating: 0xFF, count: 8)) == .field("loss"))
    #expect(scores(count(1, 4, 2), field(6, bytes: varint(1) + varint(2))) == .field("confusion"))
    let ofClass = field(1, varint: 1) + field(2, varint: 2)
    #expect(scores(count(1, 1, 1), field(7, bytes: ofClass)) == .field("classes"))
    let fewer = field(1, varint: 1) + field(2, varint: 1)
    #expect(scores(count(2, 2, 1), field(7, bytes: fewer)) == .field("classes"))
  }

  @Test func `who sent what can't be read is known, and which field is wrong`() throws {
    let header = field(2, varint: 1) + field(3, varint: 4) + field(4, varint: 2) + client
    let offer = field(2, bytes: digest) + field(4, bytes: digest) + field(5, float: .nan)
    let nan = try #require(Frames.fault(Frames.forge(header + field(18, bytes: offer))))
    #expect(nan.header == Header(epoch: 1, round: 4, stage: 2, client: 3))
    #expect(nan.problem == "field loss isn't a finite number")
    #expect(!nan.isJoin && nan.reason == .malformed)
    let bodiless = try #require(Frames.fault(Frames.forge(header)))
    #expect(bodiless.problem.contains("field body"), "\(bodiless.problem)")
    let bare = try #require(Frames.fault(Frames.forge(header + field(19, bytes: []))))
    #expect(bare.problem == "the payload is lacking")
    let plan = [UInt8](repeating: 0, count: 31)
    let join = [UInt8](arrayLiteral: 9, 5, 0, 0, 0, 0, 0, 0, 0) + field(2, bytes: plan)
    let short = try #require(Frames.fault(Frames.forge(client + field(16, bytes: join))))
    #expect(short.worker == 5 && short.isJoin && short.reason == .wrongPlan)
    #expect(short.problem.contains("field plan isn't a SHA-256 digest"), "\(short.problem)")
  }

  @Test func `of damaged frames, and of those that name no client, nobody is told`() {
    var damaged = Frames.forge(client)
    damaged[4] ^= 1
    #expect(Frames.fault(damaged) == nil)
    #expect(Frames.fault(Frames.forge(field(3, varint: 1))) == nil)
    #expect(Frames.fault(Frames.forge(field(5, varint: 1 << 31))) == nil)
    #expect(Frames.fault(Frames.forge([0xFF])) == nil)
    #expect(Frames.fault([1, 2, 3]) == nil)
  }

  @Test func `chunks of the plan lie within it, and requests name ranges that rise`() {
    func chunk(_ fields: [UInt8], _ payload: [UInt8] = [1, 2, 3]) -> WireError? {
      downlink(field(5, varint: 3) + field(40, bytes: fields), payload)
    }
    func at(_ offset: UInt64, of length: UInt64) -> [UInt8] {
      field(1, bytes: digest) + field(2, varint: length) + field(3, varint: offset)
    }
    #expect(chunk(at(0, of: 3), []) == .payload(count: 0))
    #expect(chunk(at(1, of: 3)) == .field("offset"))
    #expect(chunk(at(4, of: 3)) == .field("offset"))
    #expect(chunk(at(0, of: 0)) == .field("offset"))
    #expect(chunk(at(1 << 48, of: 3)) == .field("offset"))
    #expect(chunk(at(0, of: .max)) == .field("length"))
    #expect(chunk(field(1, bytes: [7]) + field(2, varint: 3)) == .field("digest"))
    func want(_ ranges: [UInt8]...) -> WireError? {
      uplink(client + field(23, bytes: ranges.flatMap { field(2, bytes: $0) }))
    }
    #expect(want(range(0, 0)) == .field("range"))
    #expect(want(range(5, 5), range(9, 1)) == .field("ranges"))
    #expect(want(range(.max, .max)) == .field("range"))
    #expect(uplink(field(23, bytes: [])) == .field("client"))
    #expect(uplink(client + field(23, bytes: []), [1]) == .payload(count: 1))
  }

  @Test func `ranges are rising, not empty and not absurdly far`() {
    func want(_ ranges: [UInt8]...) -> WireError? {
      let need = field(1, bytes: digest) + ranges.flatMap { field(2, bytes: $0) }
      return uplink(client + field(17, bytes: field(2, bytes: need)))
    }
    #expect(want(range(0, 0)) == .field("range"))
    #expect(want(range(1 << 48, 1)) == .field("range"))
    #expect(want(range(0, 1 << 48)) == .field("range"))
    #expect(want(range(.max, .max)) == .field("range"))
    #expect(want(range(5, 5), range(9, 1)) == .field("ranges"))
    #expect(want(range(5, 5), range(0, 5)) == .field("ranges"))
    let many = (0..<4097).flatMap { field(2, bytes: range(UInt64(2 * $0), 1)) }
    #expect(downlink(field(36, bytes: field(1, varint: 3) + many)) == .field("ranges"))
  }

  @Test func `a want names at most 4096 steps by whole digests`() {
    #expect(uplink(client + field(17, bytes: field(2, bytes: []))) == .field("digest"))
    let needs = (0..<4097).flatMap { _ in field(2, bytes: field(1, bytes: digest)) }
    #expect(uplink(client + field(17, bytes: needs)) == .field("needs"))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `an offer's loss is a number`(loss: Float) {
    let offer = field(2, bytes: digest) + field(4, bytes: digest) + field(5, float: loss)
    #expect(uplink(client + field(18, bytes: offer)) == .field("loss"))
  }

  @Test func `an offer's sizes and digests are checked`() {
    let whole = field(2, bytes: digest) + field(4, bytes: digest)
    #expect(
      uplink(client + field(18, bytes: whole + field(1, varint: 1 << 48))) == .field("length"))
    #expect(uplink(client + field(18, bytes: whole + field(3, varint: .max))) == .field("samples"))
    #expect(uplink(client + field(18, bytes: field(2, bytes: digest))) == .field("base"))
    #expect(uplink(client + field(18, bytes: field(4, bytes: digest))) == .field("digest"))
  }

  @Test func `offsets fit in 48 bits`() {
    let far = field(1, varint: 1 << 48)
    #expect(uplink(client + field(19, bytes: far), [1]) == .field("offset"))
    #expect(
      downlink(field(34, bytes: field(2, varint: 1 << 48)), [1]) == .field("offset"))
  }

  @Test func `unknown reasons and states are refused`() {
    for value: UInt64 in [0, 99] {
      #expect(uplink(client + field(20, bytes: field(1, varint: value))) == .field("state"))
      #expect(uplink(client + field(22, bytes: field(1, varint: value))) == .field("reason"))
      #expect(downlink(field(33, bytes: field(2, varint: value))) == .field("state"))
      #expect(downlink(field(36, bytes: field(1, varint: value))) == .field("status"))
      #expect(downlink(field(37, bytes: field(1, varint: value))) == .field("reason"))
    }
  }

  @Test func `texts are short and UTF-8`() {
    let reason = field(1, varint: 1)
    #expect(
      uplink(client + field(22, bytes: reason + field(2, bytes: long))) == .field("detail"))
    #expect(downlink(field(37, bytes: reason + field(3, bytes: long))) == .field("detail"))
    #expect(downlink(field(37, bytes: reason + field(3, bytes: [0xFF]))) == .schema)
    let open = field(2, varint: 2)
    #expect(
      downlink(field(33, bytes: open + field(9, bytes: long))) == .field("update_codec"))
    #expect(
      downlink(field(33, bytes: open + field(8, bytes: field(1, bytes: long))))
        == .field("segments"))
  }

  @Test func `an announcement's selection rises and ends at a plausible client`() {
    let open = field(2, varint: 2)
    func announce(_ gaps: [UInt64]) -> WireError? {
      downlink(field(33, bytes: open + field(6, bytes: gaps.flatMap(varint))))
    }
    #expect(announce([1, 0]) == .field("selected_gaps"))
    #expect(announce([1 << 31, 1]) == .field("selected_gaps"))
    #expect(announce([UInt64](repeating: (1 << 32) - 1, count: 1000)) == .field("selected_gaps"))
  }

  @Test func `an announcement asks each selected client for a plausible depth, or none for any`() {
    let open = field(2, varint: 2)
    func announcement(_ gaps: [UInt64], _ depths: [UInt64]) -> [UInt8] {
      field(
        33,
        bytes: open + field(6, bytes: gaps.flatMap(varint))
          + field(9, bytes: Array("dense32".utf8)) + field(12, bytes: depths.flatMap(varint)))
    }
    #expect(downlink(announcement([1, 1], [2])) == .field("depths"))
    #expect(downlink(announcement([1], [2, 0])) == .field("depths"))
    #expect(downlink(announcement([1], [(1 << 16) + 1])) == .field("depths"))
    #expect(throws: Never.self) {
      _ = try Frames.downlink(Frames.forge(announcement([1, 1], [0, 2]), []), [])
    }
  }

  @Test func `an announcement names the last counted update of each selected client`() {
    func announcement(_ rounds: [UInt64], digests: Int) -> [UInt8] {
      let counted =
        field(1, bytes: rounds.flatMap(varint))
        + field(2, bytes: Array(repeating: 7, count: 8 * digests))
      return field(
        33,
        bytes: field(2, varint: 2) + field(6, bytes: [1, 1])
          + field(9, bytes: Array("dense32".utf8)) + field(13, bytes: counted))
    }
    #expect(downlink(announcement([2], digests: 1)) == .field("counted"))
    #expect(downlink(announcement([2, 0], digests: 2)) == .field("counted"))
    #expect(downlink(announcement([], digests: 1)) == .field("counted"))
    #expect(throws: Never.self) {
      _ = try Frames.downlink(Frames.forge(announcement([0, 2], digests: 1), []), [])
      _ = try Frames.downlink(Frames.forge(announcement([0, 0], digests: 0), []), [])
    }
  }

  @Test(arguments: [Float.nan, .infinity, -1])
  func `an announcement's learning rate is finite and not negative`(rate: Float) {
    #expect(
      downlink(field(33, bytes: field(2, varint: 2) + field(5, float: rate)))
        == .field("learning_rate"))
  }

  @Test func `an announcement's segments are few, with whole digests`() {
    let open = field(2, varint: 2)
    func segments(_ count: Int, _ segment: [UInt8]) -> WireError? {
      downlink(field(33, bytes: open + (0..<count).flatMap { _ in field(8, bytes: segment) }))
    }
    let whole = field(7, bytes: digest)
    #expect(segments(1025, whole) == .field("segments"))
    #expect(segments(1, field(7, bytes: [1])) == .field("segments"))
    let step = field(1, bytes: digest)
    let steps = (0..<1025).flatMap { _ in field(8, bytes: step) }
    #expect(segments(1, whole + steps) == .field("segments"))
    #expect(segments(1, whole + field(8, bytes: [])) == .field("steps"))
    #expect(segments(1, whole + field(8, bytes: field(1, bytes: [1]))) == .field("steps"))
    #expect(
      segments(1, whole + field(8, bytes: step + field(2, varint: 1 << 48))) == .field("steps"))
  }

  @Test func `an announcement's codecs are some that there are`() {
    let open = field(2, varint: 2)
    for codec in ["", "zip", "linear9", String(repeating: "a", count: 1025)] {
      let text = Array(codec.utf8)
      #expect(downlink(field(33, bytes: open + field(9, bytes: text))) == .field("update_codec"))
      let step = field(1, bytes: digest) + field(3, bytes: text)
      let segment = field(7, bytes: digest) + field(8, bytes: step)
      #expect(downlink(field(33, bytes: open + field(8, bytes: segment))) == .field("steps"))
    }
    #expect(
      downlink(field(33, bytes: open + field(9, bytes: Array("initial".utf8))))
        == .field("update_codec"))
  }

  @Test func `an announcement's fresh segments begin from nothing`() throws {
    let codecs = field(2, varint: 2) + field(9, bytes: Array("dense32".utf8))
    let fresh = field(1, bytes: digest) + field(3, bytes: Array("initial".utf8))
    func announce(_ step: [UInt8]) -> [UInt8] {
      field(33, bytes: codecs + field(8, bytes: field(7, bytes: digest) + field(8, bytes: step)))
    }
    let message = try Frames.downlink(Frames.forge(announce(fresh)))
    guard case .announce(let announced) = message.body else {
      Issue.record("\(message)")
      return
    }
    #expect(announced.segments.first?.steps.first?.codec == .initial)
    let from = [UInt8](arrayLiteral: 4 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8)
    #expect(downlink(announce(fresh + from)) == .field("steps"))
  }

  @Test func `an announcement's base is a whole digest`() {
    let open = field(2, varint: 2) + field(9, bytes: Array("dense32".utf8))
    #expect(downlink(field(33, bytes: open + field(10, bytes: [1]))) == .field("base"))
  }

  @Test func `a welcome's chunks are between a byte and 64 MiB`() {
    #expect(downlink(field(32, bytes: [])) == .field("chunk_bytes"))
    #expect(
      downlink(field(32, bytes: field(4, varint: (1 << 26) + 1))) == .field("chunk_bytes"))
  }

  @Test func `fields of a later version are passed over`() throws {
    let body = client + field(21, bytes: field(9, varint: 1)) + field(77, bytes: [1, 2, 3])
    #expect(try Frames.uplink(Frames.forge(body)) == Message(Header(client: 3), .leave(worker: 0)))
  }

  @Test func `the preamble is checked before anything else`() {
    func refusal(_ frame: [UInt8]) -> WireError? {
      #expect(throws: WireError.self) { _ = try Frames.uplink(frame) }
    }
    var frame = Frames.seal(Message(Header(client: 3), Uplink.leave(worker: 0)))
    #expect(refusal([]) == .signature)
    #expect(refusal(Array(frame.prefix(7))) == .signature)
    frame[2] = 2
    #expect(refusal(frame) == .version(2))
    frame[2] = 1
    frame[3] = 1
    #expect(refusal(frame) == .version(1))
    frame[0] = 0
    #expect(refusal(frame) == .signature)
    let huge = Frames.forge([UInt8](repeating: 0, count: Envelope.maximalBytes))
    #expect(refusal(huge) == .field("envelope length"))
  }
}
