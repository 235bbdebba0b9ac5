import OneDNN
import Tensors

/// What a node of a graph computes, with all shapes settled for one sample.
protocol Operation: Sendable {
  /// The parameters it owns, in PyTorch's order.
  var parameters: [Parameter] { get }
  /// The shape of the result.
  var output: Shape { get }
  /// The forward pass's multiplications and additions per sample, biases and activations left out.
  var forwardFLOPs: Int { get }
  /// The same operation followed by a ReLU, if it can do that at no cost.
  var followedByReLU: (any Operation)? { get }
  /// The same operation with one more input, which is added to the result, if it can do that.
  var followedByAddition: (any Operation)? { get }

  /// Chooses layouts and adds the actions of the node's passes to the compiler's lists.
  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError)
}

extension Operation {
  /// None unless an operation says otherwise.
  var parameters: [Parameter] { [] }
  /// Not counted unless an operation says otherwise.
  var forwardFLOPs: Int { 0 }
  /// None unless an operation says otherwise.
  var followedByReLU: (any Operation)? { nil }
  /// None unless an operation says otherwise.
  var followedByAddition: (any Operation)? { nil }
}
