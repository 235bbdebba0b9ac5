public import Tensors

/// Why layers don't make a network.
public enum NetworkError: Error, Hashable, Sendable {
  /// The window is larger than the padded input.
  case windowDoesNotFit(layer: String, window: Int, input: Shape)
  /// The layer takes inputs of another rank.
  case wrongRank(layer: String, input: Shape)
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
    case .wrongOutput(let shape, let classes):
      "the last layer's output is \(shape) and not \(classes), one scalar per class"
    }
  }
}
