import Measures

/// The codec of one tensor: an optional sparsifier, then a quantizer of what it keeps.
package struct TensorCodec: Sendable {
  package let sparsifier: (any Sparsifier)?
  package let quantizer: any Quantizer

  /// The codec that `spec` describes, its compression not counted.
  package init(_ spec: CodecSpec) {
    sparsifier =
      switch spec.sparsification {
      case nil: nil
      case .random(let share): RandomSparsifier(share: share)
      case .top(let share): TopSparsifier(share: share)
      }
    quantizer =
      switch spec.quantization {
      case .dense:
        // Values of a random sparsifier are still multiplied by the receiver.
        DenseQuantizer(
          limit: sparsifier is RandomSparsifier ? Magnitude.limit : .greatestFiniteMagnitude)
      case .linear(let bits, let block): LinearQuantizer(bits: bits, block: block)
      case .hadamard(let bits): HadamardQuantizer(bits: bits)
      case .cosine(let bits): CosineQuantizer(bits: bits)
      case .qsgd(let bits): QSGDQuantizer(bits: bits)
      case .sign: SignQuantizer()
      case .eden(let bits, let scale): EdenQuantizer(bits: bits, scale: scale)
      }
  }

  /// True if the receiver needs the message's seed.
  package var needsSeed: Bool { quantizer.needsSeed || sparsifier?.needsSeed ?? false }

  /// True if the size follows from the count alone.
  package func isExact(of count: Int) -> Bool { sparsifier?.maximumSize(of: count) ?? 0 == 0 }

  /// The bytes of `count` > 0 values at most; exactly, if ``isExact(of:)``.
  package func maximumSize(of count: Int) -> Int {
    (sparsifier?.maximumSize(of: count) ?? 0) + quantizer.size(of: keptCount(of: count))
  }

  /// The bytes that `count` > 0 values are expected to take.
  package func expectedSize(of count: Int) -> Int {
    (sparsifier?.expectedSize(of: count) ?? 0) + quantizer.size(of: keptCount(of: count))
  }

  /// Appends the bytes of at least one value; errors name values by the slice's indices.
  package func encode(
    _ values: ArraySlice<Float>, keys: TensorKeys, into writer: inout ByteWriter
  ) throws(CodecError) {
    try demandEncodable(values)
    guard let sparsifier else {
      quantizer.encode(values, keys: keys, into: &writer)
      return
    }
    let selection = sparsifier.select(values, keys: keys, into: &writer)
    let kept = Kernels.gather(values, at: selection.positions)
    quantizer.encode(kept[...], keys: keys, into: &writer)
  }

  /// Reads over the bytes of `count` values and refuses what can't be such.
  package func check(
    _ count: Int, keys: TensorKeys, from reader: inout ByteReader
  ) throws(CodecError) {
    if let sparsifier { _ = try sparsifier.selection(of: count, keys: keys, from: &reader) }
    let kept = keptCount(of: count)
    try quantizer.check(try reader.take(quantizer.size(of: kept)), count: kept)
  }

  /// Adds weight times each of `count` values, whose bytes were checked, to the sums from `offset`
  /// on.
  package func add(
    _ count: Int, keys: TensorKeys, from reader: inout ByteReader, weight: Float,
    to sums: inout [Float], at offset: Int
  ) throws(CodecError) {
    guard let sparsifier else {
      let payload = try reader.take(quantizer.size(of: count))
      quantizer.add(payload, count: count, keys: keys, weight: weight, to: &sums, at: offset)
      return
    }
    let selection = try sparsifier.selection(of: count, keys: keys, from: &reader)
    var kept = [Float](repeating: 0, count: selection.positions.count)
    let payload = try reader.take(quantizer.size(of: kept.count))
    quantizer.add(payload, count: kept.count, keys: keys, weight: 1, to: &kept, at: 0)
    selection.scatter(kept, weight: weight, to: &sums, at: offset)
  }

  private func keptCount(of count: Int) -> Int { sparsifier?.keptCount(of: count) ?? count }

  private func demandEncodable(_ values: ArraySlice<Float>) throws(CodecError) {
    guard let range = Kernels.range(of: values) else {
      throw .notFinite(index: values.firstIndex { !$0.isFinite } ?? values.startIndex)
    }
    let limit = quantizer.limit
    guard range.lowerBound >= -limit && range.upperBound <= limit else {
      throw .tooLarge(
        index: values.firstIndex { abs($0) > limit } ?? values.startIndex, limit: limit)
    }
  }
}

/// The keys of one tensor's random streams, all derived from the seed of its message.
package struct TensorKeys: Sendable {
  /// Draws the positions that a random sparsifier keeps.
  let positions: UInt64
  /// Draws the signs of a random rotation.
  let rotation: UInt64
  /// Draws the stochastic rounding; only the sender needs it.
  let rounding: UInt64

  /// The keys of tensor `index` in the message of `seed`.
  package init(seed: UInt64, tensor index: Int) {
    let message = RandomStream(key: seed)
    positions = message.stream("positions", index).key
    rotation = message.stream("rotation", index).key
    rounding = message.stream("rounding", index).key
  }
}
