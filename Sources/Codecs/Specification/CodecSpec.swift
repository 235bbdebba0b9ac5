/// A codec's description: an optional sparsifier, then a quantizer of the values it keeps, then
/// optional Zstandard.
///
/// Spelled as text in topologies: `dense32`, `linear8`, `linear4b1024`, `linear8+random25`,
/// `topk0.1`, `topk1+linear4`, `stc1`, `eden1`, `eden2mse`, `eden0.1`, `hadamard4`, `cosine4`,
/// `qsgd4`, `sign`, `linear4+zstd`.
public struct CodecSpec: Hashable, Sendable {
  /// The choice of the values that are sent.
  public enum Sparsification: Hashable, Sendable {
    /// One drawn from each of ⌈p·n⌉ ranges and scaled by the range's length, about 1/p: unbiased.
    case random(Percentage)
    /// The ⌈p·n⌉ of largest magnitude: biased, meant for error feedback.
    case top(Percentage)
  }

  /// The rounding of the values that are sent.
  public enum Quantization: Hashable, Sendable {
    /// 32-bit floats, as they are.
    case dense
    /// Evenly between minimum and maximum of the tensor or of each `block`, stochastic, unbiased.
    case linear(bits: Int, block: Int?)
    /// The same after a random rotation, which narrows the range.
    case hadamard(bits: Int)
    /// Evenly in the angle to each axis (CosSGD), stochastic, unbiased.
    case cosine(bits: Int)
    /// Evenly in units of the Euclidean norm (Alistarh et al., 2017), stochastic, unbiased.
    case qsgd(bits: Int)
    /// The signs and the mean magnitude: biased, meant for error feedback.
    case sign
    /// A random rotation, then the nearest levels of a normal distribution (DRIVE, EDEN).
    case eden(bits: Int, scale: EdenScale)
  }

  /// The aim of EDEN's scale.
  public enum EdenScale: Hashable, Sendable {
    /// No bias: for updates that are averaged.
    case unbiased
    /// The least squared error: for error feedback and shared references.
    case leastError
  }

  /// The choice of the values that are sent; nil for all.
  public let sparsification: Sparsification?
  /// The rounding of these values.
  public let quantization: Quantization
  /// True if the bytes are compressed with Zstandard where that makes them fewer.
  public let isCompressed: Bool

  /// 32-bit floats, as they are.
  public static let dense32 = CodecSpec(unchecked: nil, .dense, isCompressed: false)

  /// A codec of the given parts.
  ///
  /// - Throws: ``CodecSpecError/bitsOutOfRange(part:allowed:)`` and
  ///   ``CodecSpecError/blockOutOfRange(part:)``.
  public init(
    _ sparsification: Sparsification? = nil, _ quantization: Quantization,
    isCompressed: Bool = false
  ) throws(CodecSpecError) {
    self.init(unchecked: sparsification, quantization, isCompressed: isCompressed)
    if let allowed = Self.bits(of: quantization), !allowed.range.contains(allowed.bits) {
      throw .bitsOutOfRange(part: Self.text(quantization), allowed: allowed.range)
    }
    if case .linear(_, let block?) = quantization, !Self.blocks.contains(block) || block % 8 != 0 {
      throw .blockOutOfRange(part: Self.text(quantization))
    }
  }

  private init(
    unchecked sparsification: Sparsification?, _ quantization: Quantization, isCompressed: Bool
  ) {
    self.sparsification = sparsification
    self.quantization = quantization
    self.isCompressed = isCompressed
  }

  /// True if the mean of decoded values over keys is the value itself.
  public var isUnbiased: Bool {
    if case .top = sparsification { return false }
    return switch quantization {
    case .dense, .linear, .hadamard, .cosine, .qsgd, .eden(_, .unbiased): true
    case .sign, .eden(_, .leastError): false
    }
  }

  /// The lengths that blocks may have; also multiples of 8.
  static let blocks = 16...1_048_576

  private static func bits(of quantization: Quantization) -> (bits: Int, range: ClosedRange<Int>)? {
    switch quantization {
    case .dense, .sign: nil
    case .linear(let bits, _), .hadamard(let bits), .cosine(let bits): (bits, 1...8)
    case .qsgd(let bits): (bits, 2...8)
    case .eden(let bits, _): (bits, 1...4)
    }
  }
}

extension CodecSpec: LosslessStringConvertible {
  /// Reads a codec's text; nil where ``init(parsing:)`` throws.
  public init?(_ description: String) {
    guard let spec = try? CodecSpec(parsing: description) else { return nil }
    self = spec
  }

  /// Reads a codec's text: at most one sparsifier and one quantizer in either order, then `+zstd`.
  ///
  /// Whatever the order in the text, the sparsifier comes first and the quantizer rounds what it
  /// keeps.
  ///
  /// - Throws: what is wrong with the text, and the remedy.
  public init(parsing text: String) throws(CodecSpecError) {
    var sparsifier: (part: String, value: Sparsification)?
    var quantizer: (part: String, value: Quantization)?
    var isCompressed = false
    for piece in text.split(separator: "+", omittingEmptySubsequences: false) {
      let part = String(piece)
      if isCompressed { throw .afterCompression(part: part) }
      switch try Self.read(part) {
      case .compression: isCompressed = true
      case .steps(let sparsification, let quantization):
        if let sparsification {
          if let sparsifier { throw .twoSparsifiers(sparsifier.part, part) }
          sparsifier = (part, sparsification)
        }
        if let quantization {
          if let quantizer { throw .twoQuantizers(quantizer.part, part) }
          quantizer = (part, quantization)
        }
      }
    }
    guard sparsifier != nil || quantizer != nil else { throw .onlyCompression }
    try self.init(sparsifier?.value, quantizer?.value ?? .dense, isCompressed: isCompressed)
  }

  /// The canonical text: the shortest that reads as this codec.
  public var description: String {
    let rounding = Self.text(quantization)
    let suffix = isCompressed ? "+zstd" : ""
    switch (sparsification, quantization) {
    case (nil, _): return rounding + suffix
    case (.random(let share), .dense): return "random\(share)\(suffix)"
    case (.random(let share), _): return "\(rounding)+random\(share)\(suffix)"
    case (.top(let share), .dense): return "topk\(share)\(suffix)"
    case (.top(let share), .sign): return "stc\(share)\(suffix)"
    case (.top(let share), _): return "topk\(share)+\(rounding)\(suffix)"
    }
  }

  static func text(_ quantization: Quantization) -> String {
    switch quantization {
    case .dense: "dense32"
    case .linear(let bits, let block?): "linear\(bits)b\(block)"
    case .linear(let bits, nil): "linear\(bits)"
    case .hadamard(let bits): "hadamard\(bits)"
    case .cosine(let bits): "cosine\(bits)"
    case .qsgd(let bits): "qsgd\(bits)"
    case .sign: "sign"
    case .eden(let bits, .unbiased): "eden\(bits)"
    case .eden(let bits, .leastError): "eden\(bits)mse"
    }
  }

  private enum Part {
    case steps(Sparsification?, Quantization?)
    case compression
  }

  private static func read(_ part: String) throws(CodecSpecError) -> Part {
    let name = part.prefix { $0.isLetter }
    let number = part.dropFirst(name.count)
    switch name {
    case "zstd" where number.isEmpty: return .compression
    case "sign" where number.isEmpty: return .steps(nil, .sign)
    case "dense" where number == "32": return .steps(nil, .dense)
    case "random": return .steps(.random(try percentage(number, of: part)), nil)
    case "topk": return .steps(.top(try percentage(number, of: part)), nil)
    case "stc": return .steps(.top(try percentage(number, of: part)), .sign)
    case "linear": return .steps(nil, try linear(number, of: part))
    case "hadamard": return .steps(nil, .hadamard(bits: try bits(number, of: part)))
    case "cosine": return .steps(nil, .cosine(bits: try bits(number, of: part)))
    case "qsgd": return .steps(nil, .qsgd(bits: try bits(number, of: part)))
    case "eden": return try eden(number, of: part)
    default: throw .unknown(part: part)
    }
  }

  private static func linear(
    _ number: Substring, of part: String
  ) throws(CodecSpecError) -> Quantization {
    let pieces = number.split(separator: "b", maxSplits: 1, omittingEmptySubsequences: false)
    let bits = try bits(pieces.first ?? "", of: part)
    guard pieces.count == 2 else { return .linear(bits: bits, block: nil) }
    guard let block = whole(pieces[1]) else { throw .blockOutOfRange(part: part) }
    return .linear(bits: bits, block: block)
  }

  private static func eden(_ number: Substring, of part: String) throws(CodecSpecError) -> Part {
    let isLeastError = number.hasSuffix("mse")
    let rate = isLeastError ? number.dropLast(3) : number
    let scale: EdenScale = isLeastError ? .leastError : .unbiased
    guard rate.contains(".") else {
      return .steps(nil, .eden(bits: try bits(rate, of: part), scale: scale))
    }
    // Less than a bit: one bit for a random share of the values, as "0.1" bits for 10 %.
    guard let decimals = rate.hasPrefix("0.") ? rate.dropFirst(2) : nil,
      (1...6).contains(decimals.count), let digits = whole(decimals),
      let share = Percentage(
        partsPerMillion: (decimals.count..<6).reduce(digits) { shifted, _ in shifted * 10 })
    else { throw .bitsOutOfRange(part: part, allowed: 1...4) }
    return .steps(.random(share), .eden(bits: 1, scale: scale))
  }

  private static func bits(_ number: Substring, of part: String) throws(CodecSpecError) -> Int {
    guard !number.isEmpty else { throw .missingNumber(part: part) }
    guard let bits = whole(number) else { throw .unknown(part: part) }
    return bits
  }

  private static func percentage(
    _ number: Substring, of part: String
  ) throws(CodecSpecError) -> Percentage {
    guard !number.isEmpty else { throw .missingNumber(part: part) }
    guard let share = Percentage(number) else { throw .percentageOutOfRange(part: part) }
    return share
  }

  private static func whole(_ text: Substring) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }
}

extension CodecSpec: Codable {
  /// Reads the codec's text.
  ///
  /// - Throws: `DecodingError`, with what is wrong with the text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do throws(CodecSpecError) {
      try self.init(parsing: text)
    } catch {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: error.description)
    }
  }

  /// Writes the canonical text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
