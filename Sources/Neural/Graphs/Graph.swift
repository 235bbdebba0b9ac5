import OneDNN
import Tensors

/// A network as operations on numbered values, in an order in which they can be computed.
///
/// Value 0 is the input; each node makes one value. A value may have several readers.
struct Graph: Sendable {
  /// One operation, what it reads and what it makes.
  struct Node: Sendable {
    /// The place in the order.
    let index: Int
    /// The operation that is computed.
    let operation: any Operation
    /// The values read.
    let inputs: [Int]
    /// The value made.
    let output: Int
    /// The segment to which the parameters belong.
    let segment: Int
    /// The place of the first parameter in its segment.
    let firstParameter: Int
  }

  /// The operations.
  var nodes: [Node] = []
  /// The shape of each value for one sample.
  var shapes: [Shape]
  /// The parameters of each segment.
  var parameters: [[Parameter]]
  /// Values with more readers to come, into whose making nothing may be fused any more.
  var branches: Set<Int> = []
  /// The logits: the value that answers and the loss are computed from.
  var result = 0
  /// The logits of other heads, from which a training's loss is computed as well.
  var auxiliaryResults: [Int] = []
  /// The values that each segment keeps for its concatenations.
  var kept: [[String: Int]]

  init(input: Shape, segments: Int) {
    shapes = [input]
    parameters = Array(repeating: [], count: segments)
    kept = Array(repeating: [:], count: segments)
  }

  /// The nodes that read `value`, in order.
  func readers(of value: Int) -> [Int] {
    nodes.filter { $0.inputs.contains(value) }.map(\.index)
  }

  /// True if a loss is computed from `value`.
  func isResult(_ value: Int) -> Bool { value == result || auxiliaryResults.contains(value) }

  /// The nodes that the logits of the last head depend on.
  var needed: [Bool] {
    var values: Set<Int> = [result]
    var needed = Array(repeating: false, count: nodes.count)
    for node in nodes.reversed() where values.contains(node.output) {
      needed[node.index] = true
      values.formUnion(node.inputs)
    }
    return needed
  }

  /// The nodes that have to be run backward when `trainable` segments are trained.
  ///
  /// A node is among them if it, or a node that it depends on, has a parameter to train. What lies
  /// below the first trainable parameter is never run backward.
  func active(trainable: Set<Int>) -> [Bool] {
    var gradient = Array(repeating: false, count: shapes.count)
    return nodes.map { node in
      let own = trainable.contains(node.segment) && !node.operation.parameters.isEmpty
      gradient[node.output] = own || node.inputs.contains { gradient[$0] }
      return gradient[node.output]
    }
  }
}

/// The computation of a graph's node, with all shapes settled for one sample.
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

/// The nesting of a network's blocks.
///
/// A block's ``Block/layers`` are applied on the way in, its ``Block/returning`` layers on the way
/// out. A chain is a nest whose blocks do nothing on the way out.
public enum Nesting: String, Hashable, Sendable, CaseIterable {
  /// Each block lies around the next one: in through 1 … s, out through s … 1, then the head.
  case outermostFirst = "outermost-first"
  /// Each block lies inside the next one: in through the head's layers and s … 1, out through 1 … s
  /// and the head's returning layers.
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
