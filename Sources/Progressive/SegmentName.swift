/// A block E_i or a head G_i of the growing model; indices count from 1.
public enum SegmentName: Hashable, Sendable {
  /// The block E_i.
  case block(Int)
  /// The head G_i, thrown away when stage i ends.
  case head(Int)

  /// The segments of sub-model `stage`: blocks 1 to s, then head s.
  public static func all(stage: Int) -> [SegmentName] {
    (1...stage).map { .block($0) } + [.head(stage)]
  }

  /// Reads "block3" or "head3"; nil for anything else.
  public init?(_ text: String) {
    if text.hasPrefix("block"), let index = Self.index(text.dropFirst(5)) {
      self = .block(index)
    } else if text.hasPrefix("head"), let index = Self.index(text.dropFirst(4)) {
      self = .head(index)
    } else {
      return nil
    }
  }

  private static func index(_ digits: Substring) -> Int? {
    guard let index = Int(digits), index > 0, "\(index)" == digits else { return nil }
    return index
  }
}

extension SegmentName: CustomStringConvertible {
  /// "block3" or "head3".
  public var description: String {
    switch self {
    case .block(let index): "block\(index)"
    case .head(let index): "head\(index)"
    }
  }
}
