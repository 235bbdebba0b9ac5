import CCodecKernels

extension Kernels {
  /// Appends the packed codes ⌊(x − base)·inverse + u⌋, at most 2^bits − 1 or `top`.
  static func roundLinearly(
    _ values: ArraySlice<Float>, base: Float, inverse: Float, top: Float, bits: Int, key: UInt64,
    firstIndex: Int = 0, into writer: inout ByteWriter
  ) {
    precondition(top < Float(1 << bits), "code \(top) in \(bits) bits")
    let size = packedSize(of: values.count, bits: bits)
    let start = writer.extend(by: size)
    // SAFETY: reads `count` values and writes the `size` bytes that were just appended.
    unsafe values.withUnsafeBufferPointer { values in
      unsafe writer.bytes.withUnsafeMutableBufferPointer { bytes in
        guard let first = values.baseAddress, let packed = bytes.baseAddress else { return }
        unsafe progfed_codec_round_linear(
          first, values.count, base, inverse, top, key, UInt32(firstIndex), CInt(bits),
          packed + start)
      }
    }
  }

  /// Adds weight·(base + step·(code − zero)) to the sums from `offset` on.
  static func addLinear(
    _ packed: ArraySlice<UInt8>, count: Int, bits: Int, base: Float, step: Float, zero: Float = 0,
    weight: Float, to sums: inout [Float], at offset: Int
  ) {
    demand(count, bits: bits, of: packed.count)
    demand(count, of: sums.count - offset)
    // SAFETY: reads the bytes of `count` codes and changes `count` sums, all of which are there.
    unsafe packed.withUnsafeBufferPointer { packed in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        guard let codes = packed.baseAddress, let first = sums.baseAddress else { return }
        unsafe progfed_codec_add_linear(
          codes, count, CInt(bits), base, step, zero, weight, first + offset)
      }
    }
  }

  /// Appends the packed codes of the levels nearest to x·scale; returns Σ x·level.
  static func roundToNearest(
    _ values: ArraySlice<Float>, scale: Float, codebook: Codebook, into writer: inout ByteWriter
  ) -> Double {
    precondition((1...4).contains(codebook.bits), "\(codebook.bits) bits")
    let start = writer.extend(by: packedSize(of: values.count, bits: codebook.bits))
    // SAFETY: reads `count` values, a codebook that is complete by construction, and writes the
    // bytes that were just appended.
    return unsafe values.withUnsafeBufferPointer { values in
      unsafe writer.bytes.withUnsafeMutableBufferPointer { bytes in
        guard let first = values.baseAddress, let packed = bytes.baseAddress else { return 0 }
        return unsafe progfed_codec_round_nearest(
          first, values.count, scale, codebook.bounds, codebook.levels, CInt(codebook.bits),
          packed + start)
      }
    }
  }

  /// Appends the packed codes of one of the two `levels` around each value, unbiased.
  static func roundToLevels(
    _ values: ArraySlice<Float>, levels: [Float], bits: Int, key: UInt64,
    into writer: inout ByteWriter
  ) {
    precondition(levels.count == 1 << bits, "\(levels.count) levels for \(bits) bits")
    let start = writer.extend(by: packedSize(of: values.count, bits: bits))
    // SAFETY: reads `count` values and 2^bits levels, writes the bytes that were just appended.
    unsafe values.withUnsafeBufferPointer { values in
      unsafe writer.bytes.withUnsafeMutableBufferPointer { bytes in
        guard let first = values.baseAddress, let packed = bytes.baseAddress else { return }
        unsafe progfed_codec_round_levels(
          first, values.count, levels, key, 0, CInt(bits), packed + start)
      }
    }
  }

  /// Sets the first `count` values to the levels of their codes.
  static func readLevels(
    _ packed: ArraySlice<UInt8>, count: Int, bits: Int, levels: [Float],
    into values: inout [Float]
  ) {
    demand(count, bits: bits, of: packed.count)
    demand(count, of: values.count)
    precondition(levels.count == 1 << bits, "\(levels.count) levels for \(bits) bits")
    // SAFETY: reads the bytes of `count` codes and 2^bits levels, writes `count` values.
    unsafe packed.withUnsafeBufferPointer { packed in
      unsafe values.withUnsafeMutableBufferPointer { values in
        guard let codes = packed.baseAddress, let first = values.baseAddress else { return }
        unsafe progfed_codec_read_levels(codes, count, CInt(bits), levels, first)
      }
    }
  }
}
