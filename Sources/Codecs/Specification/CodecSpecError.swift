/// A fault in the text or the parts of a codec.
public enum CodecSpecError: Error, Hashable, Sendable {
  /// A part that isn't a codec's.
  case unknown(part: String)
  /// A part without its bits or percentage.
  case missingNumber(part: String)
  /// Bits that the quantizer doesn't have.
  case bitsOutOfRange(part: String, allowed: ClosedRange<Int>)
  /// A percentage that isn't between 0 and 100 or has more than four decimals.
  case percentageOutOfRange(part: String)
  /// A block length that isn't a multiple of 8 in 16…1,048,576.
  case blockOutOfRange(part: String)
  /// Two parts that both round.
  case twoQuantizers(String, String)
  /// Two parts that both select.
  case twoSparsifiers(String, String)
  /// Something after Zstandard, which works on the finished bytes.
  case afterCompression(part: String)
  /// Zstandard without anything to compress.
  case onlyCompression
}

extension CodecSpecError: CustomStringConvertible {
  /// The fault in words, and what to write instead.
  public var description: String {
    switch self {
    case .unknown(let part):
      "codec “\(part)” doesn't exist; write dense32, linear8, linear8b1024, hadamard4, cosine4, qsgd4, "
        + "sign, eden1, random10, topk1, stc1, or a sparsifier and a quantizer as in "
        + "linear8+random25 or topk1+linear4"
    case .missingNumber(let part):
      "codec “\(part)” lacks its number; write bits as in linear8 or percent as in topk1"
    case .bitsOutOfRange(let part, let allowed):
      "codec “\(part)” doesn't have that many bits; write \(allowed.lowerBound) to "
        + "\(allowed.upperBound)\(part.hasPrefix("eden") ? ", or a fraction below 1 as in eden0.1" : "")"
    case .percentageOutOfRange(let part):
      "codec “\(part)” doesn't name a share; write a percentage between 0 and 100 with at most four "
        + "decimals, as in topk0.1, or leave the part out to send all values"
    case .blockOutOfRange(let part):
      "codec “\(part)” has an impossible block; write a multiple of 8 from 16 to 1048576, as in "
        + "linear8b1024"
    case .twoQuantizers(let first, let second):
      "“\(first)” and “\(second)” both round values, and only one can; remove one of them"
    case .twoSparsifiers(let first, let second):
      "“\(first)” and “\(second)” both select values, and only one can; remove one of them"
    case .afterCompression(let part):
      "“\(part)” comes after zstd, which works on finished bytes; write zstd last"
    case .onlyCompression:
      "zstd alone has nothing to compress; write what it follows, as in dense32+zstd"
    }
  }
}
