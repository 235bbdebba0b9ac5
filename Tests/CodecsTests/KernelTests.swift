import CCodecKernels
import Measures
import Testing

/// The widest vectors against the portable loops, and both against plain definitions.
@Suite struct KernelTests {
  static let lengths = [1, 7, 8, 9, 31, 33, 64, 511, 512, 513, 1029]

  @Test(arguments: lengths, 1...8)
  func `linear rounding is the same at every vector width`(length: Int, bits: Int) {
    let values = Samples.normal(length, seed: 61)
    var (wide, portable) = (Self.bytes(length), Self.bytes(length))
    let top = Float(1 << bits - 1)
    progfed_codec_round_linear(values, length, -5, top / 10, top, 99, 3, CInt(bits), &wide)
    progfed_codec_round_linear_portable(
      values, length, -5, top / 10, top, 99, 3, CInt(bits), &portable)
    #expect(wide == portable)
    #expect(wide[((length * bits + 7) / 8)...].allSatisfy { $0 == 0xEE }, "wrote past the end")

    var (sums, others) = (values, values)
    progfed_codec_add_linear(wide, length, CInt(bits), -5, 10 / top, 0.5, 0.1, &sums)
    progfed_codec_add_linear_portable(wide, length, CInt(bits), -5, 10 / top, 0.5, 0.1, &others)
    #expect(sums == others)
    let plain = (0..<length).map { index in
      let first = index * bits
      let code = (0..<bits).reduce(0) { code, bit in
        code | Int(wide[(first + bit) / 8] >> ((first + bit) % 8) & 1) << bit
      }
      let value = -5 + 10 / top * (Float(code) - 0.5)
      return values[index] + 0.1 * value
    }
    #expect(sums == plain)
  }

  @Test(arguments: lengths, 1...4)
  func `rounding to the nearest level is the same at every vector width`(length: Int, bits: Int) {
    let values = Samples.normal(length, seed: 62)
    let levels = (0..<1 << bits).map { Float($0) - 3 }
    let bounds = (0..<1 << bits - 1).map { Float($0) - 2.5 }
    var (wide, portable) = (Self.bytes(length), Self.bytes(length))
    let product = progfed_codec_round_nearest(
      values, length, 1.5, bounds, levels, CInt(bits), &wide)
    let other = progfed_codec_round_nearest_portable(
      values, length, 1.5, bounds, levels, CInt(bits), &portable)
    #expect(wide == portable)
    #expect(product == other)

    var (read, others) = (values, values)
    progfed_codec_read_levels(wide, length, CInt(bits), levels, &read)
    progfed_codec_read_levels_portable(wide, length, CInt(bits), levels, &others)
    #expect(read == others)
    let nearest = values.map { value in levels[bounds.count { value * 1.5 > $0 }] }
    #expect(read == nearest)
  }

  @Test(arguments: lengths, 1...8)
  func `rounding between levels is the same at every vector width`(length: Int, bits: Int) {
    let values = Samples.normal(length, seed: 63)
    let last = Float(1 << bits - 1)
    let levels = (0..<1 << bits).map { 6 * (Float($0) / last) - 3 }
    var (wide, portable) = (Self.bytes(length), Self.bytes(length))
    progfed_codec_round_levels(values, length, levels, 5, 0, CInt(bits), &wide)
    progfed_codec_round_levels_portable(values, length, levels, 5, 0, CInt(bits), &portable)
    #expect(wide == portable)
  }

  @Test(arguments: lengths)
  func `sums, ranges and signs are the same at every vector width`(length: Int) {
    let values = Samples.normal(length, seed: 64)
    #expect(
      progfed_codec_square_sum(values, length) == progfed_codec_square_sum_portable(values, length))
    #expect(
      progfed_codec_absolute_sum(values, length)
        == progfed_codec_absolute_sum_portable(values, length))
    var (low, high, otherLow, otherHigh): (Float, Float, Float, Float) = (0, 0, 0, 0)
    #expect(progfed_codec_range(values, length, &low, &high))
    #expect(progfed_codec_range_portable(values, length, &otherLow, &otherHigh))
    #expect([low, high] == [otherLow, otherHigh])
    #expect([low, high] == [values.min(), values.max()])
    var (flipped, others) = (values, values)
    progfed_codec_flip_signs(&flipped, length, 77)
    progfed_codec_flip_signs_portable(&others, length, 77)
    #expect(flipped == others)
    #expect(flipped.map(abs) == values.map(abs))
    progfed_codec_flip_signs(&flipped, length, 77)
    #expect(flipped == values)
  }

  @Test(arguments: lengths)
  func `positions are the same at every vector width`(length: Int) {
    let values = Samples.normal(length, seed: 65)
    var (counts, others) = (
      [UInt32](repeating: 9, count: 4096), [UInt32](repeating: 8, count: 4096)
    )
    progfed_codec_count_magnitudes(values, length, &counts)
    progfed_codec_count_magnitudes_portable(values, length, &others)
    #expect(counts == others)
    #expect(counts.reduce(0, +) == UInt32(length))
    for parts in Set([1, (length + 1) / 2, length]) {
      var (drawn, again) = (
        [UInt32](repeating: 0, count: parts), [UInt32](repeating: 0, count: parts)
      )
      progfed_codec_draw_strata(length, parts, 5, &drawn)
      progfed_codec_draw_strata_portable(length, parts, 5, &again)
      #expect(drawn == again)
      #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $0 < $1 })
      #expect(drawn.allSatisfy { $0 < length })
    }
  }

  @Test(arguments: 0...14)
  func `the Hadamard transform is its definition, twice is the length, and widths agree`(
    exponent: Int
  ) {
    let count = 1 << exponent
    let values = Samples.normal(count, seed: 66)
    var (wide, portable) = (values, values)
    progfed_codec_hadamard(&wide, count)
    progfed_codec_hadamard_portable(&portable, count)
    #expect(wide == portable)
    for row in [0, 1, count / 3, count / 2, count - 1] where row < count {
      let exact = values.indices.reduce(0.0) { sum, column in
        sum + ((row & column).nonzeroBitCount % 2 == 0 ? 1 : -1) * Double(values[column])
      }
      #expect(abs(Double(wide[row]) - exact) < 1e-4 * Double(count).squareRoot())
    }
    progfed_codec_hadamard(&wide, count)
    for (twice, value) in zip(wide, values) {
      #expect(abs(twice / Float(count) - value) < 1e-4)
    }
  }

  @Test(arguments: [0, 8, 1028])
  func `one value that isn't finite is seen wherever it is`(place: Int) {
    var (low, high): (Float, Float) = (0, 0)
    for value in [Float.nan, .infinity, -.infinity] {
      var values = Samples.normal(1029, seed: 67)
      values[place] = value
      #expect(!progfed_codec_range(values, 1029, &low, &high))
      #expect(!progfed_codec_range_portable(values, 1029, &low, &high))
      values.withUnsafeBytes { bytes in
        let floats = bytes.bindMemory(to: UInt8.self).baseAddress!
        #expect(!progfed_codec_all_within(floats, 1029, .greatestFiniteMagnitude))
        #expect(!progfed_codec_all_within_portable(floats, 1029, .greatestFiniteMagnitude))
      }
    }
  }

  private static func bytes(_ count: Int) -> [UInt8] { Array(repeating: 0xEE, count: count + 16) }
}
