import Bytes
import Foundation
import SwiftProtobuf

extension Envelope {
  /// The most segments that a model may have.
  static let maximalSegments = 1024
  /// The most steps to a segment, and lacking steps, that a message may list.
  static let maximalSteps = 1024
  /// The most ranges that a message may list.
  static let maximalRanges = 4096
  /// The most counts or sums, of classes or channels, that a message may list.
  static let maximalCounts = 1 << 16
  /// The longest text, in UTF-8 bytes.
  static let maximalText = 1024
  /// The highest client number.
  static let maximalClient = Int(Int32.max)

  /// The text, cut where it is longer than receivers take: a scalar has at most four bytes.
  static func limited(_ text: String) -> String {
    guard text.utf8.count > maximalText else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximalText / 4)))
  }

  /// A count or offset that fits in 48 bits, so that sums can't overflow.
  static func count(_ value: UInt64, _ field: String) throws(WireError) -> Int {
    guard value < 1 << 48 else { throw .field(field) }
    return Int(value)
  }

  /// Counts that together fit in 63 bits.
  static func counts(_ values: [UInt64], _ field: String) throws(WireError) -> [Int] {
    guard values.count <= maximalCounts else { throw .field(field) }
    var counts: [Int] = []
    for value in values { counts.append(try count(value, field)) }
    guard counts.reduce(0, { min($0 + $1, 1 << 48) }) < 1 << 48 else { throw .field(field) }
    return counts
  }

  /// Numbers that are neither infinite nor not a number.
  static func finite(_ values: [Double], _ field: String) throws(WireError) -> [Double] {
    guard values.count <= maximalCounts, values.allSatisfy(\.isFinite) else {
      throw .field(field)
    }
    return values
  }

  /// A digest of 32 bytes.
  static func digest(_ data: Data, _ field: String) throws(WireError) -> Digest {
    guard let digest = Digest(bytes: data) else { throw .field(field) }
    return digest
  }

  /// A range that isn't empty.
  static func range(_ schema: Progfed_V1_Range) throws(WireError) -> Range<Int> {
    let offset = try count(schema.offset, "range")
    let length = try count(schema.length, "range")
    guard length > 0 else { throw .field("range") }
    return offset..<offset + length
  }

  /// Ranges in rising order that don't overlap.
  static func ranges(_ schemas: [Progfed_V1_Range]) throws(WireError) -> [Range<Int>] {
    guard schemas.count <= maximalRanges else { throw .field("ranges") }
    var ranges: [Range<Int>] = []
    for schema in schemas {
      let range = try range(schema)
      guard range.lowerBound >= ranges.last?.upperBound ?? 0 else { throw .field("ranges") }
      ranges.append(range)
    }
    return ranges
  }
}

extension Schema {
  /// An envelope with a header and no body yet.
  init(header: Header) {
    self.init()
    run = header.run
    epoch = UInt32(header.epoch)
    round = UInt32(header.round)
    stage = UInt32(header.stage)
    if let client = header.client { self.client = UInt32(client) }
    if header.attempt > 0 { attempt = UInt32(header.attempt) }
    if let worker = header.worker { self.worker = worker }
    if header.purpose == .evaluation { purpose = .evaluation }
  }

  /// Checks the header.
  func header() throws(WireError) -> Header {
    guard client <= UInt32(Envelope.maximalClient) else { throw .field("client") }
    guard let purpose = TaskPurpose(rawValue: purpose.rawValue) else { throw .field("purpose") }
    var addressee: UInt64?
    if case .worker(let worker) = origin { addressee = worker }
    return Header(
      run: run, epoch: Int(epoch), round: Int(round), stage: Int(stage),
      client: hasClient ? Int(client) : nil, attempt: Int(attempt),
      worker: addressee, purpose: purpose)
  }
}

extension Digest {
  /// The 32 bytes, for protobuf.
  var data: Data { Data(bytes) }
}

extension Range<Int> {
  /// The range as offset and length.
  var schema: Progfed_V1_Range {
    .with {
      $0.offset = UInt64(lowerBound)
      $0.length = UInt64(count)
    }
  }
}
