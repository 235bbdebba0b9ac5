import CCodecKernels

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
