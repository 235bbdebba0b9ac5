import Measures
public import Tensors

/// The way of one segment's tensors, values that travel together, to bytes and back.
///
/// The bytes: with `+zstd` a flag, 0 for as it is and 1 for compressed; the seed, 8 bytes, if any
/// tensor's codec needs it; the tensors' bytes in order, without headers of their own.
struct SegmentPlan: Sendable {
  /// The tensors: where their values lie and how they are coded.
  let tensors: [(values: Range<Int>, codec: TensorCodec)]
  /// True if Zstandard is tried on the bytes.
  let isCompressed: Bool

  private let needsSeed: Bool

  init(tensors: [(values: Range<Int>, codec: TensorCodec)], isCompressed: Bool) {
    self.tensors = tensors
    self.isCompressed = isCompressed
    needsSeed = tensors.contains { $0.codec.needsSeed }
  }

  /// The number of values.
  var count: Int { tensors.last?.values.upperBound ?? 0 }

  /// The exact size; nil if it depends on the values.
  var exactSize: ByteCount? {
    let isExact = !isCompressed && tensors.allSatisfy { $0.codec.isExact(of: $0.values.count) }
    return isExact ? maximumSize : nil
  }

  /// The size that no values exceed.
  var maximumSize: ByteCount { ByteCount((isCompressed ? 1 : 0) + maximumPlainSize) }

  /// The size that is to be expected, compression not counted.
  var expectedSize: ByteCount {
    let payload = tensors.reduce(0) { $0 + $1.codec.expectedSize(of: $1.values.count) }
    return ByteCount((isCompressed ? 1 : 0) + (needsSeed ? 8 : 0) + payload)
  }

  func encode(_ values: [Float], seed: UInt64) throws(CodecError) -> [UInt8] {
    precondition(values.count == count, "\(values.count) values for \(count)")
    var writer = ByteWriter(capacity: maximumPlainSize)
    if needsSeed { writer.append(seed) }
    for (index, tensor) in tensors.enumerated() {
      let keys = TensorKeys(seed: seed, tensor: index)
      try tensor.codec.encode(values[tensor.values], keys: keys, into: &writer)
    }
    guard isCompressed else { return writer.bytes }
    guard let compressed = Zstandard.compress(writer.bytes) else { return [0] + writer.bytes }
    return [1] + compressed
  }

  /// Expands the bytes and refuses those that don't decode; what it gives can be added any number
  /// of times.
  @discardableResult
  func check(_ bytes: [UInt8]) throws(CodecError) -> [UInt8] {
    let plain = try expanded(bytes)
    try check(plain: plain)
    return plain
  }

  /// Adds weight times each value to the sums from `offset` on; the sums are untouched on errors.
  func add(
    _ bytes: [UInt8], weight: Float, to sums: inout [Float], at offset: Int
  ) throws(CodecError) {
    try add(checked: check(bytes), weight: weight, to: &sums, at: offset)
  }

  /// Adds weight times each value of bytes that ``check(_:)`` gave.
  func add(
    checked plain: [UInt8], weight: Float, to sums: inout [Float], at offset: Int
  ) throws(CodecError) {
    precondition(offset >= 0 && sums.count - offset >= count, "\(count) values don't fit the sums")
    var reader = ByteReader(plain)
    let seed = needsSeed ? try reader.word() : 0
    for (index, tensor) in tensors.enumerated() {
      try tensor.codec.add(
        tensor.values.count, keys: TensorKeys(seed: seed, tensor: index), from: &reader,
        weight: weight, to: &sums, at: offset + tensor.values.lowerBound)
    }
  }

  private var maximumPlainSize: Int {
    (needsSeed ? 8 : 0) + tensors.reduce(0) { $0 + $1.codec.maximumSize(of: $1.values.count) }
  }

  private func check(plain bytes: [UInt8]) throws(CodecError) {
    if !isCompressed, let exactSize, exactSize.bytes != bytes.count {
      throw .wrongSize(expected: exactSize.bytes, actual: bytes.count)
    }
    var reader = ByteReader(bytes)
    let seed = needsSeed ? try reader.word() : 0
    for (index, tensor) in tensors.enumerated() {
      let keys = TensorKeys(seed: seed, tensor: index)
      try tensor.codec.check(tensor.values.count, keys: keys, from: &reader)
    }
    guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
  }

  private func expanded(_ bytes: [UInt8]) throws(CodecError) -> [UInt8] {
    guard isCompressed else { return bytes }
    guard let flag = bytes.first else {
      throw .truncated(offset: 0, needed: 1, available: 0)
    }
    switch flag {
    case 0: return Array(bytes.dropFirst())
    case 1: return try Zstandard.expand(bytes.dropFirst(), capacity: maximumPlainSize)
    default: throw .unknownCompression(flag)
    }
  }
}

/// The bytes of one segment, expanded and checked once, whose values can be added to several sums.
///
/// ``UpdateCodec/checked(_:layout:)`` makes it. Adding it gives the same bits as
/// ``UpdateCodec/fold(_:layout:weight:into:at:)`` does with the bytes.
public struct CheckedSegment: Sendable {
  /// The segment whose values these are.
  public let layout: ParameterLayout
  let plan: SegmentPlan
  /// The bytes without Zstandard's frame.
  let bytes: [UInt8]

  /// Adds `weight` times the values to `sums`, one for each value.
  ///
  /// - Throws: ``CodecError``, never for bytes that were checked.
  public func fold(weight: Float, into sums: inout [Float]) throws(CodecError) {
    try plan.add(checked: bytes, weight: weight, to: &sums, at: 0)
  }

  /// The values.
  ///
  /// - Throws: ``CodecError``, never for bytes that were checked.
  public func values() throws(CodecError) -> ParameterVector {
    var scalars = [Float](repeating: 0, count: layout.count)
    try fold(weight: 1, into: &scalars)
    return ParameterVector(layout: layout, scalars: scalars)
  }
}
