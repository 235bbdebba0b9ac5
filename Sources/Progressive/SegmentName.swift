/// A part of the growing model with a name of its own: a block E_i, a head G_i, or the control
/// variate of one of them.
///
/// Indices count from 1. Its text stands on the wire, in checkpoints and in ledgers:
///
/// ```swift
/// "\(SegmentName.block(3))"  // block3
/// SegmentName("head1.control")  // .control(of: .head(1))
/// ```
public enum SegmentName: Hashable, Sendable {
  /// The block E_i.
  case block(Int)
  /// The head G_i, thrown away when stage i ends.
  case head(Int)
  /// The control variate of a block or head, c in SCAFFOLD, which is broadcast beside it.
  indirect case control(of: SegmentName)

  /// The segments of sub-model `stage`: blocks 1 to s, then head s.
  public static func all(stage: Int) -> [SegmentName] {
    (1...stage).map { .block($0) } + [.head(stage)]
  }

  /// The name of this block's or head's control variate.
  public var control: SegmentName {
    precondition(corrected == nil, "\(self) is a control variate itself")
    return .control(of: self)
  }

  /// The block or head of which this is the control variate; nil for blocks and heads.
  public var corrected: SegmentName? {
    guard case .control(let segment) = self else { return nil }
    return segment
  }

  /// Reads "block3", "head3" or "block3.control"; nil for anything else.
  public init?(_ text: String) {
    self.init(text[...])
  }

  private init?(_ text: Substring) {
    if text.hasSuffix(Self.controlSuffix) {
      guard let segment = SegmentName(text.dropLast(Self.controlSuffix.count)),
        segment.corrected == nil
      else { return nil }
      self = .control(of: segment)
    } else if text.hasPrefix("block"), let index = Self.index(text.dropFirst(5)) {
      self = .block(index)
    } else if text.hasPrefix("head"), let index = Self.index(text.dropFirst(4)) {
      self = .head(index)
    } else {
      return nil
    }
  }

  private static let controlSuffix = ".control"

  private static func index(_ digits: Substring) -> Int? {
    guard let index = Int(digits), index > 0, "\(index)" == digits else { return nil }
    return index
  }
}

extension SegmentName: CustomStringConvertible {
  /// "block3", "head3" or "block3.control".
  public var description: String {
    switch self {
    case .block(let index): "block\(index)"
    case .head(let index): "head\(index)"
    case .control(let segment): "\(segment)\(Self.controlSuffix)"
    }
  }
}

extension SegmentName: Codable, CodingKeyRepresentable {
  /// The name as a key: its text.
  private struct Key: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  /// The name as a key of a dictionary: its text.
  public var codingKey: any CodingKey { Key(stringValue: description) }

  /// The name that a dictionary's key is; nil if it is none.
  public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

  /// Decodes the name's text.
  ///
  /// - Throws: `DecodingError` for a text that is no name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let name = SegmentName(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(text) names no block, head or control variate")
    }
    self = name
  }

  /// Encodes the name's text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
