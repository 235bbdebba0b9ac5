/// Integers and floats as bytes, in the two orders in which files and messages hold them.
///
/// Every format of ours is little-endian; IDX, PNG and some NIfTI files are big-endian. Reading
/// returns nil where the bytes are too few or too many, so that damaged input can't trap.
extension FixedWidthInteger {
  /// The number of bytes that hold a value.
  @inlinable package static var byteWidth: Int { bitWidth / 8 }

  /// The number whose lowest byte is the first of `bytes`; nil unless they are as many as it has.
  @inlinable package init?(littleEndianBytes bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteWidth else { return nil }
    var (value, shift) = (Self.zero, 0)
    for byte in bytes {
      value |= Self(truncatingIfNeeded: byte) << shift
      shift += 8
    }
    self = value
  }

  /// The number whose highest byte is the first of `bytes`; nil unless they are as many as it has.
  @inlinable package init?(bigEndianBytes bytes: some Collection<UInt8>) {
    guard let swapped = Self(littleEndianBytes: bytes) else { return nil }
    self = swapped.byteSwapped
  }

  /// The bytes of the number, the lowest first.
  @inlinable package var littleEndianBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteWidth)
    bytes.append(littleEndian: self)
    return bytes
  }

  /// The bytes of the number, the highest first.
  @inlinable package var bigEndianBytes: [UInt8] { byteSwapped.littleEndianBytes }
}

extension Float {
  /// The IEEE 754 number in four bytes, the lowest first; nil unless they are four.
  @inlinable package init?(littleEndianBytes bytes: some Collection<UInt8>) {
    guard let pattern = UInt32(littleEndianBytes: bytes) else { return nil }
    self.init(bitPattern: pattern)
  }
}

extension [UInt8] {
  /// Appends the bytes of `value`, the lowest first.
  @inlinable package mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
    for index in 0..<Value.byteWidth {
      append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }

  /// Appends the bytes of `value`, the highest first.
  @inlinable package mutating func append(bigEndian value: some FixedWidthInteger) {
    append(littleEndian: value.byteSwapped)
  }

  /// Appends the four bytes of `value`, the lowest first.
  @inlinable package mutating func append(littleEndian value: Float) {
    append(littleEndian: value.bitPattern)
  }

  /// Appends the bytes of `values` one after the other, the lowest of each first.
  package mutating func append(littleEndian values: [Float]) {
    // SAFETY: the bytes are read only within the closure.
    unsafe values.withLittleEndianBytes { unsafe append(contentsOf: $0) }
  }

  /// Overwrites the bytes from `offset` on, which must be there, with those of `value`, the lowest
  /// first.
  @inlinable package mutating func set<Value: FixedWidthInteger>(
    littleEndian value: Value, at offset: Int
  ) {
    for index in 0..<Value.byteWidth {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }
}

extension [Float] {
  /// The numbers in `bytes`, the lowest byte of each first; nil unless each has its four bytes.
  package init?(littleEndianBytes bytes: ArraySlice<UInt8>) {
    guard bytes.count.isMultiple(of: 4) else { return nil }
    let count = bytes.count / 4
    // SAFETY: the buffer has room for `count` floats, and the bytes are exactly as many.
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe bytes.withUnsafeBytes {
        unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0)
      }
      initialized = count
    }
    #if !_endian(little)
    for index in indices { self[index] = Float(bitPattern: self[index].bitPattern.byteSwapped) }
    #endif
  }

  /// Calls `body` with the bytes of the numbers, the lowest of each first.
  package func withLittleEndianBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    #if _endian(little)
    // SAFETY: the array's own memory, which outlives the closure.
    return unsafe try withUnsafeBytes { unsafe try body($0) }
    #else
    // SAFETY: the memory of the copy, which outlives the closure.
    return unsafe try map(\.bitPattern.littleEndian).withUnsafeBytes { unsafe try body($0) }
    #endif
  }
}

/// Numbers at known places of a header or table whose byte order is told by the file itself.
///
/// Whoever asks for a number has checked that the bytes reach so far.
package struct OrderedBytes {
  /// The bytes.
  @usableFromInline package let bytes: [UInt8]
  /// True if the highest byte of a number comes first.
  @usableFromInline package var isBigEndian: Bool

  /// Bytes in the order that `isBigEndian` tells.
  package init(_ bytes: [UInt8], isBigEndian: Bool = false) {
    self.bytes = bytes
    self.isBigEndian = isBigEndian
  }

  /// The unsigned integer of `width` bytes, at most 8, at `offset`.
  @inlinable package func unsigned(at offset: Int, width: Int) -> UInt64 {
    precondition(
      width <= 8 && offset >= 0 && width <= bytes.count - offset,
      "\(width) bytes at \(offset) of \(bytes.count)")
    var value: UInt64 = 0
    for index in 0..<width {
      value = value << 8 | UInt64(bytes[offset + (isBigEndian ? index : width - 1 - index)])
    }
    return value
  }

  /// The signed 16-bit integer at `offset`.
  package func int16(at offset: Int) -> Int {
    Int(Int16(truncatingIfNeeded: unsigned(at: offset, width: 2)))
  }

  /// The signed 32-bit integer at `offset`.
  package func int32(at offset: Int) -> Int {
    Int(Int32(truncatingIfNeeded: unsigned(at: offset, width: 4)))
  }

  /// The 32-bit floating-point number at `offset`.
  package func float(at offset: Int) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: unsigned(at: offset, width: 4)))
  }
}
