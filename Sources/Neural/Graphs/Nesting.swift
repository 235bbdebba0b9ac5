/// How the blocks of a network lie around each other.
///
/// A block's ``Block/layers`` are applied on the way in, its ``Block/returning`` layers on the way out. A chain
/// is a nest whose blocks do nothing on the way out.
public enum Nesting: String, Hashable, Sendable, CaseIterable {
  /// Each block lies around the next one: in through 1 … s, out through s … 1, then the head.
  case outermostFirst = "outermost-first"
  /// Each block lies inside the next one: in through the head's layers and s … 1, out through 1 … s and the
  /// head's returning layers.
  case bottomFirst = "bottom-first"
}

extension Nesting {
  /// The layers of `blocks`, the last of which is the head, in the order in which they are applied.
  package func path(_ blocks: [Block]) -> [(segment: Int, layers: [Layer])] {
    let head = blocks.count - 1
    let inner = Array(0..<head)
    let (inward, outward) =
      switch self {
      case .outermostFirst: (inner, inner.reversed() + [head])
      case .bottomFirst: ([head] + inner.reversed(), inner + [head])
      }
    var path = inward.map { (segment: $0, layers: blocks[$0].layers) }
    for segment in outward {
      // A head that comes last is passed in one direction only.
      let isPassedOnce = segment == head && self == .outermostFirst
      let layers =
        isPassedOnce
        ? blocks[segment].layers + blocks[segment].returning : blocks[segment].returning
      path.append((segment, layers))
    }
    return path
  }
}
