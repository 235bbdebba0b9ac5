import Bytes

extension SafeTensors {
  /// The contents of a file; everything that the header says is checked before memory is allocated
  /// for it.
  ///
  /// - Throws: What is wrong with the bytes. Tensors must fill the data without gap or overlap.
  public init(decoding bytes: [UInt8]) throws(SafeTensorsError) {
    guard let length = UInt64(littleEndianBytes: bytes.prefix(8)) else {
      throw .truncated(needed: 8, available: bytes.count)
    }
    guard length <= UInt64(Self.headerLimit) else { throw .headerTooLong(length) }
    guard length <= UInt64(bytes.count - 8) else {
      throw .truncated(needed: 8 + length, available: bytes.count)
    }
    let start = 8 + Int(length)
    var reader = SafeTensorsHeader(bytes: bytes[8..<start])
    let (entries, metadata) = try reader.read()
    self.init(tensors: [:], metadata: metadata)
    var next = 0
    // Those without scalars first of those that begin at one place.
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      let count = try entry.scalarCount()
      let (size, overflow) = count.multipliedReportingOverflow(by: entry.type.size)
      guard !overflow else { throw .shape(entry.shape, tensor: entry.name) }
      guard entry.begin == next else { throw entry.misplaced(expected: next) }
      let (end, tooFar) = next.addingReportingOverflow(size)
      guard !tooFar, entry.end == end else { throw entry.misplaced(expected: end) }
      guard end <= bytes.count - start else {
        throw .truncated(needed: UInt64(start) + UInt64(end), available: bytes.count)
      }
      take(entry, count: count, bytes[start + next..<start + end])
      next = end
    }
    guard next == bytes.count - start else { throw .excess(bytes: bytes.count - start - next) }
  }

  private mutating func take(_ entry: SafeTensorsEntry, count: Int, _ data: ArraySlice<UInt8>) {
    guard count > 0, entry.type.isRead else {
      unread[entry.name] = UnreadTensor(entry)
      return
    }
    guard entry.type != .byte else {
      bytes[entry.name] = Array(data)
      return
    }
    tensors[entry.name] = Tensor(
      shape: Shape(entry.shape), scalars: entry.type.scalars(data, count: count))
    if entry.type != .float32 { narrowed[entry.name] = entry.type.rawValue }
  }

  /// The tensors that a file's first `bytes` tell of; nil unless the whole header is there and is
  /// one.
  public static func contents(ofHeader bytes: [UInt8]) -> [String: UnreadTensor]? {
    guard let length = UInt64(littleEndianBytes: bytes.prefix(8)),
      length <= UInt64(bytes.count - 8)
    else { return nil }
    var reader = SafeTensorsHeader(bytes: bytes[8..<8 + Int(length)])
    guard let (entries, _) = try? reader.read() else { return nil }
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.name, UnreadTensor($0)) })
  }
}

extension SafeTensors.UnreadTensor {
  fileprivate init(_ entry: SafeTensorsEntry) {
    self.init(type: entry.type.rawValue, shape: entry.shape)
  }
}

/// The header's entry for one tensor.
struct SafeTensorsEntry {
  let name: String
  let type: SafeTensorsType
  let shape: [Int]
  let begin: Int
  let end: Int

  /// The product of the extents, if it can be represented.
  func scalarCount() throws(SafeTensorsError) -> Int {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw .shape(shape, tensor: name) }
      count = product
    }
    return count
  }

  func misplaced(expected: Int) -> SafeTensorsError {
    .place(begin: begin, end: end, expected: expected, tensor: name)
  }
}
