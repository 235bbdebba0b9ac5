public import Tensors

/// Why layers don't make a network.
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
}

extension NetworkError: CustomStringConvertible {
  /// What doesn't fit, and what to change.
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
    }
  }
}
