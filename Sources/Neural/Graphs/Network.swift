public import Tensors

/// A network: ordered segments of parameters and the graph of operations on them.
///
/// The segments of a stage's sub-model are its blocks in order and, last, its head.
public struct Network: Sendable {
  /// The shape of one sample, `[C, H, W]`.
  public let input: Shape
  /// How many classes are told apart.
  public let classes: Int
  /// The parameters of each segment; the order is that of the wire.
  public let layouts: [ParameterLayout]
  let graph: Graph

  /// The chain of `blocks`, of which the last is the head.
  ///
  /// - Parameters:
  ///   - input: The shape of one sample, `[C, H, W]`.
  ///   - classes: How many scalars the last layer makes.
  ///   - blocks: The segments in the order in which they are applied.
  /// - Throws: `NetworkError` where a layer doesn't fit its input.
  public init(input: Shape, classes: Int, blocks: [Block]) throws(NetworkError) {
    var graph = Graph(input: input, segments: blocks.count)
    for (segment, block) in blocks.enumerated() {
      graph.result = try graph.append(block.layers, reading: graph.result, segment: segment)
    }
    let output = graph.shapes[graph.result]
    guard output.count == classes else { throw .wrongOutput(output, classes: classes) }
    self.input = input
    self.classes = classes
    self.graph = graph
    layouts = zip(blocks, graph.parameters).map { ParameterLayout(name: $0.name, parameters: $1) }
  }

  /// How many scalars all segments hold.
  public var parameterCount: Int { layouts.reduce(0) { $0 + $1.count } }
}

extension Network {
  /// The multiplications and additions of a forward pass over one sample.
  ///
  /// Counted are convolutions and affine maps, two per weight and position; biases, activations and
  /// pooling are left out.
  public var forwardFLOPs: Int { graph.nodes.reduce(0) { $0 + $1.operation.forwardFLOPs } }

  /// The multiplications and additions of a training step for one sample, all segments trained.
  public var trainingFLOPs: Int { trainingFLOPs(trainable: Set(layouts.indices)) }

  /// The multiplications and additions of a training step for one sample.
  ///
  /// The forward pass; as much again for each trained weight's gradient; and as much again where a
  /// gradient has to be passed further down.
  public func trainingFLOPs(trainable: Set<Int>) -> Int {
    let active = graph.active(trainable: trainable)
    var flows = Array(repeating: false, count: graph.shapes.count)
    for node in graph.nodes { flows[node.output] = active[node.index] }
    return graph.nodes.reduce(0) { total, node in
      let forward = node.operation.forwardFLOPs
      let weights = trainable.contains(node.segment) ? forward : 0
      let data = node.inputs.contains { flows[$0] } ? forward : 0
      return total + forward + weights + data
    }
  }

  /// What the values of `batch` samples take in memory during a training step, gradients left out.
  public func activationBytes(batch: Int) -> Int {
    4 * batch * graph.shapes.reduce(0) { $0 + $1.count }
  }
}
