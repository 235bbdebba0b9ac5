public import Tensors

/// A network: ordered segments of parameters and the graph of operations on them.
///
/// The segments of a stage's sub-model are its blocks in order and, last, its head.
public struct Network: Sendable {
  /// The shape of one sample, `[C, H, W]`.
  public let input: Shape
  /// How many classes are told apart.
  public let classes: Int
  /// What it is trained for.
  public let objective: Objective
  /// The parameters of each segment; the order is that of the wire.
  public let layouts: [ParameterLayout]
  let graph: Graph

  /// The network of `blocks`, of which the last is the head: a chain, unless blocks lie in each other.
  ///
  /// - Parameters:
  ///   - input: The shape of one sample, `[C, H, W]`.
  ///   - classes: How many scalars the last layer makes, or makes for each pixel.
  ///   - blocks: The segments in the order of the wire, the head last.
  ///   - nesting: In which order blocks are applied.
  ///   - objective: What it is trained for.
  /// - Throws: `NetworkError` where a layer doesn't fit its input.
  public init(
    input: Shape, classes: Int, blocks: [Block], nesting: Nesting = .outermostFirst,
    objective: Objective = .classes
  ) throws(NetworkError) {
    precondition(!blocks.isEmpty, "a network of no blocks")
    var graph = Graph(input: input, segments: blocks.count)
    for (segment, layers) in nesting.path(blocks) {
      graph.result = try graph.append(
        layers, reading: graph.result, segment: segment, called: blocks[segment].name)
    }
    let output = graph.shapes[graph.result]
    switch objective {
    case .classes:
      guard output.count == classes, output.dimensions[0] == classes else {
        throw .wrongOutput(output, classes: classes)
      }
    case .pixels:
      let needed = Shape([classes] + input.dimensions.dropFirst())
      guard output == needed else { throw .wrongMask(output, needed: needed) }
    }
    self.input = input
    self.classes = classes
    self.objective = objective
    self.graph = graph
    layouts = zip(blocks, graph.parameters).map { ParameterLayout(name: $0.name, parameters: $1) }
  }

  /// How many labels belong to one sample: 1, or H · W.
  public var labelsPerSample: Int {
    switch objective {
    case .classes: 1
    case .pixels: input.dimensions.dropFirst().reduce(1, *)
    }
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
