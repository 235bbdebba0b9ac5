import CCodecKernels

extension Kernels {
  /// Appends the values' bytes.
  static func appendFloats(_ values: ArraySlice<Float>, to writer: inout ByteWriter) {
    let start = writer.extend(by: 4 * values.count)
    // SAFETY: copies floats as the bytes that they are, little-endian as the C kernels demand, to
    // those that were just appended.
    unsafe values.withUnsafeBytes { values in
      unsafe writer.bytes.withUnsafeMutableBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyMemory(from: values)
      }
    }
  }

  /// Adds weight·value to the sums from `offset` on, the values being floats in bytes.
  static func addFloats(
    _ floats: ArraySlice<UInt8>, weight: Float, to sums: inout [Float], at offset: Int
  ) {
    let count = floats.count / 4
    demand(count, of: sums.count - offset)
    // SAFETY: reads whole floats at any alignment and changes as many sums, which are there.
    unsafe floats.withUnsafeBufferPointer { floats in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        guard let values = floats.baseAddress, let first = sums.baseAddress else { return }
        unsafe progfed_codec_add_floats(values, count, weight, first + offset)
      }
    }
  }

  /// Adds weight times the first `count` values to the sums from `offset` on.
  static func add(
    _ values: [Float], count: Int, weight: Float, to sums: inout [Float], at offset: Int
  ) {
    demand(count, of: values.count)
    demand(count, of: sums.count - offset)
    // SAFETY: reads `count` values as bytes and changes as many sums, all of which are there.
    unsafe values.withUnsafeBytes { values in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        guard let floats = values.baseAddress, let first = sums.baseAddress else { return }
        unsafe progfed_codec_add_floats(
          floats.assumingMemoryBound(to: UInt8.self), count, weight, first + offset)
      }
    }
  }
}
