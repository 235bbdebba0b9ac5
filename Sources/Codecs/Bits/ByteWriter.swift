import Bytes

/// Bytes under construction; numbers are little-endian.
package struct ByteWriter: Sendable {
  /// The bytes so far.
  package internal(set) var bytes: [UInt8] = []

  /// Nothing yet, with room for `capacity` bytes.
  package init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(_ value: UInt64) { bytes.append(littleEndian: value) }

  mutating func append(_ value: Float) { bytes.append(littleEndian: value) }

  mutating func append(contentsOf more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  /// Appends `count` zeros for a kernel to fill; returns where they begin.
  mutating func extend(by count: Int) -> Int {
    defer { bytes.append(contentsOf: repeatElement(0, count: count)) }
    return bytes.count
  }

  /// Overwrites the four bytes at `offset`.
  mutating func set(_ value: Float, at offset: Int) {
    bytes.set(littleEndian: value.bitPattern, at: offset)
  }
}

extension ArraySlice<Float> {
  /// The values of `range`, counted from the slice's own start.
  func part(_ range: Range<Int>) -> ArraySlice<Float> {
    self[startIndex + range.lowerBound..<startIndex + range.upperBound]
  }
}
