import Tensors

/// A network as operations on numbered values, in an order in which they can be computed.
///
/// Value 0 is the input; each node makes one value. A value may have several readers.
struct Graph: Sendable {
  /// One operation, what it reads and what it makes.
  struct Node: Sendable {
    /// The place in the order.
    let index: Int
    /// What is computed.
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
  /// What each segment keeps for its concatenations.
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

  /// Whether a loss is computed from `value`.
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
