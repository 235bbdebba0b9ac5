/// Ascending levels for values of unit variance and the bounds between them.
struct Codebook: Sendable {
  /// The bits of a code.
  let bits: Int
  /// The 2^bits levels.
  let levels: [Float]
  /// The 2^bits − 1 midpoints of neighbouring levels.
  let bounds: [Float]

  /// A codebook that is symmetric about zero.
  init(positiveLevels: [Float]) {
    bits = positiveLevels.count.trailingZeroBitCount + 1
    precondition(positiveLevels.count == 1 << (bits - 1), "\(positiveLevels.count) levels")
    let levels = positiveLevels.reversed().map { -$0 } + positiveLevels
    self.levels = levels
    bounds = zip(levels, levels.dropFirst()).map { ($0 + $1) / 2 }
  }

  /// The levels of least squared error for a standard normal distribution (Lloyd, 1957; Max, 1960).
  static let normal: [Codebook] = [
    Codebook(positiveLevels: [0.797_884_560_8]),
    Codebook(positiveLevels: [0.452_780_039_9, 1.510_417_608_7]),
    Codebook(positiveLevels: [
      0.245_094_163_1, 0.756_005_249_0, 1.343_909_261_4, 2.151_945_669_9,
    ]),
    Codebook(positiveLevels: [
      0.128_395_016_7, 0.388_048_234_5, 0.656_758_995_8, 0.942_340_268_9,
      1.256_231_048_0, 1.618_046_051_7, 2.069_016_730_2, 2.732_588_804_1,
    ]),
  ]

  /// Plus and minus one.
  static let signs = Codebook(positiveLevels: [1])
}
