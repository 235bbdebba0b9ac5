public import Tensors

/// The reason for which layers don't make a network.
public enum NetworkError: Error, Hashable, Sendable {
  /// The window is larger than the padded input.
  case windowDoesNotFit(layer: String, window: Int, input: Shape)
  /// The layer takes inputs of another rank.
  case wrongRank(layer: String, input: Shape)
  /// The channels can't be divided into groups of equal size.
  case unequalGroups(layer: String, groups: Int, input: Shape)
  /// Two shapes that are added, or put side by side, don't match.
  case shapesDiffer(layer: String, Shape, Shape)
  /// Both branches of an addition are the same value.
  case nothingToAdd(layer: String)
  /// The last layer's output isn't one scalar per class.
  case wrongOutput(Shape, classes: Int)
  /// The last layer's output isn't one scalar per class for each pixel of the input.
  case wrongMask(Shape, needed: Shape)
  /// The output of a transposed convolution has no pixel left.
  case nothingLeft(layer: String, input: Shape)
  /// Nothing of this name was kept in the block before it is concatenated.
  case notKept(name: String, block: String)
  /// Two values are kept under one name in the block.
  case keptTwice(name: String, block: String)
  /// The two inputs of a concatenation differ in rows or columns, or are one and the same.
  case notJoined(name: String, block: String, kept: Shape, input: Shape)
}

extension NetworkError: CustomStringConvertible {
  /// The mismatch, and the change that mends it.
  public var description: String {
    switch self {
    case .windowDoesNotFit(let layer, let window, let input):
      """
      \(layer): a window of \(window)×\(window) doesn't fit into an input of \(input); \
      use a larger input or a smaller network
      """
    case .wrongRank(let layer, let input):
      "\(layer): an input of \(input) hasn't the axes channels, rows, columns"
    case .unequalGroups(let layer, let groups, let input):
      """
      \(layer): the channels of an input of \(input) don't make \(groups) groups of equal size; \
      choose a width that is a multiple of \(groups)
      """
    case .shapesDiffer(let layer, let one, let other):
      "\(layer): \(one) and \(other) are not of the same shape"
    case .nothingToAdd(let layer):
      "\(layer): neither its body nor its shortcut has a layer that computes anything"
    case .wrongOutput(let shape, let classes):
      "the last layer's output is \(shape) and not \(classes), one scalar per class"
    case .wrongMask(let shape, let needed):
      "the last layer's output is \(shape) and not \(needed), one scalar per class and pixel"
    case .nothingLeft(let layer, let input):
      "\(layer): its padding leaves nothing of an input of \(input); use less of it"
    case .notKept(let name, let block):
      "\(block): nothing was kept as \(name) before it is concatenated; put .keep(\"\(name)\") before"
    case .keptTwice(let name, let block):
      "\(block): two values are kept as \(name); give each a name of its own"
    case .notJoined(let name, let block, let kept, let input):
      """
      \(block): \(name) was kept as \(kept) and can't be concatenated with \(input); rows and columns must be \
      equal, and something must lie between (a U-Net's rows and columns are halved at each level: \
      multiples of that power of 2 fit)
      """
    }
  }
}
