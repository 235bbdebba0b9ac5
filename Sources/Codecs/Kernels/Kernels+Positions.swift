import CCodecKernels

extension Kernels {
  /// One ascending position from each of `parts` ranges of 0..<count.
  static func drawStrata(of count: Int, parts: Int, key: UInt64) -> [UInt32] {
    precondition((1...count).contains(parts), "\(parts) parts of \(count) values")
    // SAFETY: the kernel writes exactly `parts` positions.
    return unsafe [UInt32](unsafeUninitializedCapacity: parts) { positions, filled in
      guard let first = positions.baseAddress else { return }
      unsafe progfed_codec_draw_strata(count, parts, key, first)
      filled = parts
    }
  }

  /// The values at ascending `positions`.
  static func gather(_ values: ArraySlice<Float>, at positions: [UInt32]) -> [Float] {
    precondition(positions.last.map { $0 < values.count } ?? true, "positions beyond the values")
    // SAFETY: positions ascend, so all are within the values; as many are written as there are.
    return unsafe [Float](unsafeUninitializedCapacity: positions.count) { kept, filled in
      unsafe values.withUnsafeBufferPointer { values in
        guard let first = kept.baseAddress, let source = values.baseAddress else { return }
        unsafe progfed_codec_gather(source, positions, positions.count, first)
        filled = positions.count
      }
    }
  }

  /// Adds weight·(factor·value) to the sums at `offset` + position, for the kept values in `range`.
  static func scatter(
    _ kept: [Float], range: Range<Int>, at positions: [UInt32], factor: Float, weight: Float,
    to sums: inout [Float], offset: Int
  ) {
    precondition(range.upperBound <= kept.count && kept.count == positions.count)
    precondition(positions.last.map { Int($0) < sums.count - offset } ?? true)
    // SAFETY: positions ascend, so all are within the sums from `offset` on.
    unsafe kept.withUnsafeBufferPointer { kept in
      unsafe positions.withUnsafeBufferPointer { positions in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          guard let values = kept.baseAddress, let indices = positions.baseAddress,
            let first = sums.baseAddress
          else { return }
          unsafe progfed_codec_scatter(
            values + range.lowerBound, indices + range.lowerBound, range.count, factor, weight,
            first + offset)
        }
      }
    }
  }

  /// The number of values of each exponent and first 4 bits of the fraction: 4096 counts.
  static func countMagnitudes(_ values: ArraySlice<Float>) -> [UInt32] {
    // SAFETY: the kernel writes exactly 4096 counts.
    unsafe [UInt32](unsafeUninitializedCapacity: 4096) { counts, filled in
      unsafe values.withUnsafeBufferPointer { values in
        guard let first = counts.baseAddress, let source = values.baseAddress else { return }
        unsafe progfed_codec_count_magnitudes(source, values.count, first)
        filled = 4096
      }
    }
  }

  /// The ascending positions of values whose magnitude's bits are `least` or more, `count` of them.
  static func listMagnitudes(
    _ values: ArraySlice<Float>, least: UInt32, count: Int
  ) -> [UInt32] {
    // SAFETY: the caller counted them; the kernel writes at most one beyond, for which there is
    // room.
    unsafe [UInt32](unsafeUninitializedCapacity: count + 1) { positions, filled in
      unsafe values.withUnsafeBufferPointer { values in
        guard let first = positions.baseAddress, let source = values.baseAddress else { return }
        filled = unsafe progfed_codec_list_magnitudes(source, values.count, least, first)
        precondition(filled == count, "\(filled) large values where \(count) were counted")
      }
    }
  }
}
