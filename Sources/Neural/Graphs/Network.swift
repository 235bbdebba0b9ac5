public import Tensors

/// A network: ordered segments of parameters and the graph of operations on them.
///
/// The segments of a stage's sub-model are its blocks in order and, last, its head, or all heads
/// where all supervise.
public struct Network: Sendable {
  /// The shape of one sample, `[C, H, W]` or `[N]`.
  public let input: Shape
  /// The number of classes.
  public let classes: Int
  /// The objective of its training.
  public let objective: Objective
  /// The parameters of each segment; the order is that of the wire.
  public let layouts: [ParameterLayout]
  let graph: Graph

  /// The network of `blocks`, of which the last is the head: a chain, unless blocks lie in each
  /// other.
  ///
  /// - Parameters:
  ///   - input: The shape of one sample, `[C, H, W]` or `[N]`.
  ///   - classes: The number of scalars that the last layer makes, or makes for each pixel.
  ///   - blocks: The segments in the order of the wire, the head last.
  ///   - nesting: In which order blocks are applied.
  ///   - objective: The objective of its training.
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
    try self.init(input, classes, objective, graph, names: blocks.map(\.name))
  }

  /// The network of a chain of `blocks` with a head behind each, all of which supervise its
  /// training.
  ///
  /// A training's loss is the mean over the heads of each head's loss, so that each head's gradient
  /// counts for 1/heads. Predictions, whether they are right and the loss of an evaluation are the
  /// last head's alone; an evaluation doesn't run the others.
  ///
  /// - Parameters:
  ///   - input: The shape of one sample, `[C, H, W]` or `[N]`.
  ///   - classes: The number of scalars that each head makes, or makes for each pixel.
  ///   - blocks: The blocks in order, the first segments; they return nothing.
  ///   - heads: The heads behind them, the other segments.
  ///   - objective: The objective of its training.
  /// - Throws: `NetworkError` where a layer doesn't fit its input.
  public init(
    input: Shape, classes: Int, blocks: [Block], heads: [Block], objective: Objective = .classes
  ) throws(NetworkError) {
    precondition(
      !blocks.isEmpty && blocks.count == heads.count,
      "\(blocks.count) blocks with \(heads.count) heads")
    precondition(
      blocks.allSatisfy(\.returning.isEmpty),
      "blocks that lie in each other with a head behind each")
    var graph = Graph(input: input, segments: 2 * blocks.count)
    var (value, results) = (0, [Int]())
    for (index, (block, head)) in zip(blocks, heads).enumerated() {
      value = try graph.append(
        block.layers, reading: value, segment: index, called: block.name)
      results.append(
        try graph.append(
          head.layers + head.returning, reading: value, segment: blocks.count + index,
          called: head.name))
    }
    graph.result = results.removeLast()
    graph.auxiliaryResults = results
    try self.init(input, classes, objective, graph, names: (blocks + heads).map(\.name))
  }

  /// The network of `graph`, if all its results are what the objective needs; `names` are its
  /// segments'.
  private init(
    _ input: Shape, _ classes: Int, _ objective: Objective, _ graph: Graph, names: [String]
  ) throws(NetworkError) {
    for result in graph.auxiliaryResults + [graph.result] {
      let output = graph.shapes[result]
      switch objective {
      case .classes:
        guard output.count == classes, output.dimensions[0] == classes else {
          throw .wrongOutput(output, classes: classes)
        }
      case .pixels:
        let needed = Shape([classes] + input.dimensions.dropFirst())
        guard output == needed else { throw .wrongMask(output, needed: needed) }
      }
    }
    self.input = input
    self.classes = classes
    self.objective = objective
    self.graph = graph
    layouts = zip(names, graph.parameters).map { ParameterLayout(name: $0, parameters: $1) }
  }

  /// The number of labels of one sample: 1, or H · W.
  public var labelsPerSample: Int {
    switch objective {
    case .classes: 1
    case .pixels: input.dimensions.dropFirst().reduce(1, *)
    }
  }

  /// The number of scalars in all segments.
  public var parameterCount: Int { layouts.reduce(0) { $0 + $1.count } }
}

extension Network {
  /// The multiplications and additions of a forward pass over one sample.
  ///
  /// Counted are convolutions and affine maps, two per weight and position; biases, activations and
  /// pooling are left out. All heads count, as in a training.
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

  /// The bytes that the values of `batch` samples take during a training step, gradients left out.
  public func activationBytes(batch: Int) -> Int {
    4 * batch * graph.shapes.reduce(0) { $0 + $1.count }
  }
}
