import CCodecKernels

/// The C loops over arrays, with their bounds checked.
enum Kernels {
  /// Lowest and highest value; nil if one isn't finite.
  static func range(of values: ArraySlice<Float>) -> ClosedRange<Float>? {
    var lowest: Float = 0
    var highest: Float = 0
    // SAFETY: reads `count` values; an empty slice isn't passed on.
    let isFinite = unsafe values.withUnsafeBufferPointer { values in
      guard let first = values.baseAddress, !values.isEmpty else { return true }
      return unsafe progfed_codec_range(first, values.count, &lowest, &highest)
    }
    return isFinite ? lowest...highest : nil
  }

  /// True if all floats in the bytes are within ±`limit`, which is finite.
  static func areWithin(_ limit: Float, _ floats: ArraySlice<UInt8>) -> Bool {
    // SAFETY: reads as many floats as whole ones are there; an empty slice isn't passed on.
    unsafe floats.withUnsafeBufferPointer { floats in
      guard let first = floats.baseAddress else { return true }
      return unsafe progfed_codec_all_within(first, floats.count / 4, limit)
    }
  }

  /// Σ|x|.
  static func absoluteSum(_ values: ArraySlice<Float>) -> Double {
    // SAFETY: reads `count` values; an empty slice isn't passed on.
    unsafe values.withUnsafeBufferPointer { values in
      guard let first = values.baseAddress else { return 0 }
      return unsafe progfed_codec_absolute_sum(first, values.count)
    }
  }

  /// Σx².
  static func squareSum(_ values: ArraySlice<Float>) -> Double {
    // SAFETY: reads `count` values; an empty slice isn't passed on.
    unsafe values.withUnsafeBufferPointer { values in
      guard let first = values.baseAddress else { return 0 }
      return unsafe progfed_codec_square_sum(first, values.count)
    }
  }

  /// Stops unless the first `count` of `available` values are there.
  static func demand(_ count: Int, of available: Int) {
    precondition((0...available).contains(count), "\(count) of \(available) values")
  }

  /// Stops unless `count` packed codes of `bits` are there.
  static func demand(_ count: Int, bits: Int, of packed: Int) {
    precondition((1...8).contains(bits), "\(bits) bits")
    precondition(packedSize(of: count, bits: bits) <= packed, "\(count) codes in \(packed) bytes")
  }

  /// The bytes that `count` codes of `bits` take.
  static func packedSize(of count: Int, bits: Int) -> Int { (count * bits + 7) / 8 }
}

extension Kernels {
  /// Flips the signs of the first `count` values by the random bits of `key`.
  static func flipSigns(_ values: inout [Float], count: Int, key: UInt64) {
    demand(count, of: values.count)
    // SAFETY: changes the first `count` values, which are there.
    unsafe values.withUnsafeMutableBufferPointer { values in
      guard let first = values.baseAddress else { return }
      unsafe progfed_codec_flip_signs(first, count, key)
    }
  }

  /// The Walsh–Hadamard transform of the first `count` values, in place, not normalized.
  static func hadamard(_ values: inout [Float], count: Int) {
    demand(count, of: values.count)
    precondition(count.nonzeroBitCount == 1, "\(count) isn't a power of two")
    // SAFETY: changes the first `count` values, which are there.
    unsafe values.withUnsafeMutableBufferPointer { values in
      guard let first = values.baseAddress else { return }
      unsafe progfed_codec_hadamard(first, count)
    }
  }
}
