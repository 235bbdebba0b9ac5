import CCodecKernels
import Measures
import Testing

/// The statistical quality of the generator behind stochastic rounding.
@Suite struct RandomWordTests {
  private func words(_ key: UInt64, _ count: Int = 65_536, from first: UInt32 = 0) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: count)
    progfed_codec_random_words(key, first, &words, count)
    return words
  }

  private static let keys = (0..<8).map { RandomStream(seed: 71).stream("key", $0).key }

  @Test func `a part drawn alone is the part of the whole, at every vector width`() {
    let whole = words(5)
    #expect(words(5, 100, from: 1000) == Array(whole[1000..<1100]))
    var portable = [UInt32](repeating: 0, count: whole.count)
    progfed_codec_random_words_portable(5, 0, &portable, portable.count)
    #expect(portable == whole)
  }

  @Test(arguments: keys)
  func `mean, variance and every bit are those of chance`(key: UInt64) {
    let uniforms = words(key).map { Double($0) * 0x1p-32 }
    let count = Double(uniforms.count)
    let mean = uniforms.reduce(0, +) / count
    let variance = uniforms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    // Five standard deviations.
    #expect(abs(mean - 0.5) < 5 * (1 / 12 / count).squareRoot())
    #expect(abs(variance - 1 / 12.0) < 5 * (1 / 180 / count).squareRoot())
    for bit in 0..<32 {
      let ones = words(key).count { $0 >> UInt32(bit) & 1 == 1 }
      #expect(abs(Double(ones) - count / 2) < 5 * (count / 4).squareRoot(), "bit \(bit)")
    }
  }

  @Test(arguments: keys)
  func `leading bytes fall evenly`(key: UInt64) {
    var counts = [Double](repeating: 0, count: 256)
    for word in words(key) { counts[Int(word >> 24)] += 1 }
    let chiSquare = counts.reduce(0) { $0 + ($1 - 256) * ($1 - 256) / 256 }
    // 255 degrees of freedom: mean 255, standard deviation 22.6.
    #expect((150...370).contains(chiSquare))
  }

  @Test(arguments: keys, [1, 2, 8, 512])
  func `neighbours don't go together`(key: UInt64, lag: Int) {
    let words = words(key)
    #expect(abs(correlation(words, Array(words.dropFirst(lag)))) < 5 / 256.0)
  }

  @Test(arguments: [1, 2, 1 << 20, 1 << 31, 1 << 32, 1 << 33, 1 << 63] as [UInt64])
  func `keys that differ by a bit give unrelated streams`(bit: UInt64) {
    for key in Self.keys {
      #expect(abs(correlation(words(key), words(key ^ bit))) < 5 / 256.0)
    }
  }

  /// The correlation of two streams; its standard deviation is 1/256 for 65,536 unrelated words.
  private func correlation(_ first: [UInt32], _ second: [UInt32]) -> Double {
    let products = zip(first, second).map {
      (Double($0) * 0x1p-32 - 0.5) * (Double($1) * 0x1p-32 - 0.5)
    }
    return products.reduce(0, +) / Double(products.count) * 12
  }
}
