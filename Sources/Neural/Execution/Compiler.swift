import CNeuralKernels
import OneDNN
import Tensors

/// Turns a graph into actions on memory for one batch size and one set of trained segments.
///
/// Operations are compiled in order; each chooses the layout of its output, so that blocked layouts
/// travel from layer to layer, and adds drafts of its actions. Memory is bound when the arena is
/// settled.
final class Compiler {
  let graph: Graph
  /// The number of samples, B.
  let batch: Int
  let engine: Engine
  let parameters: ParameterStore
  /// The segments to train; empty for an evaluation.
  let trainable: Set<Int>
  /// The nodes that are run backward.
  let active: [Bool]
  private(set) var arena = ArenaPlan()
  private(set) var forward: [Draft] = []
  private(set) var backward: [[Draft]]
  private var values: [TensorPlan?]
  private var gradients: [TensorPlan?]
  private var pending: [Draft] = []

  init(
    _ network: Network, batch: Int, trainable: Set<Int>, parameters: ParameterStore,
    on engine: Engine
  ) {
    graph = network.graph
    self.batch = batch
    self.engine = engine
    self.parameters = parameters
    self.trainable = trainable
    active = graph.active(trainable: trainable)
    backward = Array(repeating: [], count: graph.nodes.count)
    values = Array(repeating: nil, count: graph.shapes.count)
    gradients = Array(repeating: nil, count: graph.shapes.count)
  }

  /// Compiles all nodes and settles the arena.
  func run() throws(DNNLError) {
    let input = [batch] + graph.shapes[0].dimensions
    values[0] = TensorPlan(
      descriptor: try .plain(input),
      place: .arena(arena.reserve(4 * input.reduce(1, *), during: valueLifetime(0))))
    // An evaluation reads the last head's logits alone.
    let needed = trainable.isEmpty ? graph.needed : nil
    for node in graph.nodes where needed?[node.index] ?? true {
      try node.operation.compile(node, with: self)
      backward[node.index] += pending
      pending = []
    }
    arena.settle()
  }

  // MARK: Time

  /// The moment of the loss, n.
  private var lossMoment: Int { graph.nodes.count }

  func forwardMoment(_ node: Graph.Node) -> Int { node.index }

  func backwardMoment(_ node: Int) -> Int { 2 * graph.nodes.count - node }

  private func valueLifetime(_ value: Int) -> ClosedRange<Int> {
    let producer = graph.nodes.first { $0.output == value }?.index
    var end = graph.isResult(value) ? lossMoment : producer ?? 0
    for reader in graph.readers(of: value) {
      end = max(end, active[reader] ? backwardMoment(reader) : reader)
    }
    if let producer, active[producer] { end = max(end, backwardMoment(producer)) }
    return (producer ?? 0)...end
  }

  // MARK: Values

  /// The value `value`, made by a node that was compiled before.
  func value(_ value: Int) -> TensorPlan {
    guard let plan = values[value] else { preconditionFailure("value \(value) isn't made yet") }
    return plan
  }

  /// Makes room for the node's output in the given layout.
  func makeOutput(of node: Graph.Node, as descriptor: MemoryDescriptor) -> TensorPlan {
    let claim = arena.reserve(descriptor.byteCount, during: valueLifetime(node.output))
    let plan = TensorPlan(descriptor: descriptor, place: .arena(claim))
    values[node.output] = plan
    return plan
  }

  /// The node's input in layout `descriptor`: the value itself, or a reordered copy that lives as
  /// long as the node needs it.
  func input(
    _ index: Int = 0, of node: Graph.Node, as descriptor: MemoryDescriptor
  ) throws(DNNLError) -> TensorPlan {
    let original = value(node.inputs[index])
    guard original.descriptor != descriptor else { return original }
    let end = isActive(node) ? backwardMoment(node.index) : node.index
    let claim = arena.reserve(descriptor.byteCount, during: node.index...end)
    let copy = TensorPlan(descriptor: descriptor, place: .arena(claim))
    try addReorder(from: original, to: copy, in: .forward, of: node)
    return copy
  }

  /// `tensor` in layout `descriptor`: itself, or a copy that lives during one pass of the node.
  func copy(
    _ tensor: TensorPlan, as descriptor: MemoryDescriptor, in pass: Pass, of node: Graph.Node
  ) throws(DNNLError) -> TensorPlan {
    guard tensor.descriptor != descriptor else { return tensor }
    let copy = scratch(descriptor, in: pass, of: node)
    try addReorder(from: tensor, to: copy, in: pass, of: node)
    return copy
  }

  // MARK: Gradients

  /// True if the node is run backward.
  func isActive(_ node: Graph.Node) -> Bool { active[node.index] }

  /// True if the node's own parameters are trained.
  func isTrained(_ node: Graph.Node) -> Bool { trainable.contains(node.segment) }

  /// True if a gradient has to flow to input `index` of the node.
  func needsGradient(_ index: Int = 0, of node: Graph.Node) -> Bool {
    let value = node.inputs[index]
    return graph.nodes.contains { $0.output == value && active[$0.index] }
  }

  /// The gradient with respect to the node's output, in the output's own layout.
  func outputGradient(of node: Graph.Node) -> TensorPlan { gradient(node.output) }

  /// The gradient with respect to the value `value`, in the value's own layout.
  func gradient(_ value: Int) -> TensorPlan {
    if let plan = gradients[value] { return plan }
    let descriptor = self.value(value).descriptor
    let claim = arena.reserve(descriptor.byteCount, during: gradientLifetime(value))
    let plan = TensorPlan(descriptor: descriptor, place: .arena(claim))
    gradients[value] = plan
    return plan
  }

  private func gradientLifetime(_ value: Int) -> ClosedRange<Int> {
    let producer = graph.nodes.first { $0.output == value }?.index ?? 0
    let reader = graph.isResult(value) ? nil : graph.readers(of: value).last
    return (reader.map(backwardMoment) ?? lossMoment)...backwardMoment(producer)
  }

  /// True if the node is the first to add to the gradient with respect to `value`.
  private func isFirst(_ node: Graph.Node, toReach value: Int) -> Bool {
    !graph.isResult(value) && graph.readers(of: value).last == node.index
  }

  /// Passes the gradient of the node's output to its input `index` as it is: that of an addition.
  ///
  /// To be called before the gradient of the output is asked for. Where nothing has been added to
  /// the input's gradient yet, both are one tensor; the node must then be done with the output's
  /// gradient when its backward pass ends.
  func passGradient(to index: Int, of node: Graph.Node) throws(DNNLError) {
    let value = node.inputs[index]
    guard needsGradient(index, of: node) else { return }
    let layout = self.value(node.output).descriptor
    if isFirst(node, toReach: value), gradients[node.output] == nil,
      self.value(value).descriptor == layout
    {
      let total = gradient(value)
      if case .arena(let claim) = total.place {
        arena.extend(claim, over: gradientLifetime(node.output))
        gradients[node.output] = total
        return
      }
    }
    let own = gradient(node.output)
    let share = try inputGradient(index, of: node, as: layout)
    pending.insert(
      Draft { binding throws(DNNLError) in
        CopyAction(source: binding.region(own), target: binding.region(share))
      }, at: 0)
  }

  /// The tensor to which the node writes the gradient with respect to its input `index`, in layout
  /// `descriptor`.
  ///
  /// Where the value has another layout, or another reader whose gradient came first, the node's
  /// share is reordered or added after the node's backward pass.
  func inputGradient(
    _ index: Int = 0, of node: Graph.Node, as descriptor: MemoryDescriptor
  ) throws(DNNLError) -> TensorPlan {
    let value = node.inputs[index]
    let total = gradient(value)
    var own = total
    if !isFirst(node, toReach: value) {
      own = scratch(total.descriptor, at: backwardMoment(node.index))
      let share = own
      pending.append(
        Draft { binding throws(DNNLError) in
          AccumulateAction(target: binding.region(total), addend: binding.region(share))
        })
    }
    guard own.descriptor != descriptor else { return own }
    let copy = scratch(descriptor, at: backwardMoment(node.index))
    pending.insert(try reorder(from: copy, to: own, at: backwardMoment(node.index)), at: 0)
    return copy
  }

  // MARK: Parameters

  /// The settled layout of the node's parameter `index`, or one of `dimensions` that is still open.
  func layout(
    ofParameter index: Int, of node: Graph.Node, dimensions: [Int]
  ) throws(DNNLError) -> MemoryDescriptor {
    let number = node.firstParameter + index
    let settled = parameters.descriptor(segment: node.segment, parameter: number)
    guard let settled else { return try .any(dimensions) }
    return settled
  }

  /// The node's parameter `index` in layout `descriptor`, which is settled if none was; a reordered
  /// copy is made in each forward pass where another was.
  func parameter(
    _ index: Int, of node: Graph.Node, as descriptor: MemoryDescriptor
  ) throws(DNNLError) -> TensorPlan {
    try parameter(index, of: node, as: descriptor, in: .forward)
  }

  /// As above, for use in the given pass.
  func parameter(
    _ index: Int, of node: Graph.Node, as descriptor: MemoryDescriptor, in pass: Pass
  ) throws(DNNLError) -> TensorPlan {
    let number = node.firstParameter + index
    let settled = parameters.descriptor(segment: node.segment, parameter: number)
    if settled == nil {
      parameters.settle(segment: node.segment, parameter: number, as: descriptor)
    }
    let original = TensorPlan(
      descriptor: settled ?? descriptor, place: .parameter(node.segment, number, .value))
    guard original.descriptor != descriptor else { return original }
    let copy = scratch(descriptor, at: moment(pass, node))
    try addReorder(from: original, to: copy, in: pass, of: node)
    return copy
  }

  /// The tensor to which the node writes the gradient of its parameter `index`, in layout
  /// `descriptor`.
  func parameterGradient(
    _ index: Int, of node: Graph.Node, as descriptor: MemoryDescriptor
  ) throws(DNNLError) -> TensorPlan {
    let number = node.firstParameter + index
    guard let settled = parameters.descriptor(segment: node.segment, parameter: number) else {
      preconditionFailure("parameter \(number) of node \(node.index) has no layout yet")
    }
    let target = TensorPlan(
      descriptor: settled, place: .parameter(node.segment, number, .gradient))
    guard settled != descriptor else { return target }
    let copy = scratch(descriptor, at: backwardMoment(node.index))
    pending.insert(try reorder(from: copy, to: target, at: backwardMoment(node.index)), at: 0)
    return copy
  }

  // MARK: Actions

  /// One of the two directions in which a node is run.
  enum Pass {
    /// From the input to the loss.
    case forward
    /// From the loss to the parameters.
    case backward
  }

  private func moment(_ pass: Pass, _ node: Graph.Node) -> Int {
    switch pass {
    case .forward: node.index
    case .backward: backwardMoment(node.index)
    }
  }

  /// A tensor that lives during one moment.
  private func scratch(_ descriptor: MemoryDescriptor, at moment: Int) -> TensorPlan {
    let claim = arena.reserve(descriptor.byteCount, during: moment...moment)
    return TensorPlan(descriptor: descriptor, place: .arena(claim))
  }

  /// A tensor that lives during one of the node's passes.
  func scratch(
    _ descriptor: MemoryDescriptor, in pass: Pass, of node: Graph.Node
  ) -> TensorPlan {
    scratch(descriptor, at: moment(pass, node))
  }

  /// Bytes that a node uses in one of its passes.
  func scratch(_ byteCount: Int, in pass: Pass, of node: Graph.Node) -> Int {
    arena.reserve(byteCount, during: moment(pass, node)...moment(pass, node))
  }

  /// Bytes that a node's forward pass leaves for its backward pass.
  func saved(_ byteCount: Int, of node: Graph.Node) -> Int {
    let end = isActive(node) ? backwardMoment(node.index) : node.index
    return arena.reserve(byteCount, during: node.index...end)
  }

  /// Adds an action to one of the node's passes.
  func add(
    to pass: Pass, of node: Graph.Node,
    _ bind: @escaping (Binding) throws(DNNLError) -> any Action
  ) {
    add(Draft(bind), to: pass, of: node)
  }

  private func add(_ draft: Draft, to pass: Pass, of node: Graph.Node) {
    switch pass {
    case .forward: forward.append(draft)
    case .backward: backward[node.index].append(draft)
    }
  }

  /// Adds a primitive, with its scratch memory, to one of the node's passes.
  func add(
    _ descriptor: PrimitiveDescriptor, to pass: Pass, of node: Graph.Node,
    _ tensors: [(Argument, TensorPlan)]
  ) {
    add(draft(descriptor, at: moment(pass, node), tensors), to: pass, of: node)
  }

  private func draft(
    _ descriptor: PrimitiveDescriptor, at moment: Int, _ tensors: [(Argument, TensorPlan)]
  ) -> Draft {
    var tensors = tensors
    let scratchpad = descriptor.scratchpad
    if scratchpad.byteCount > 0 { tensors.append((.scratchpad, scratch(scratchpad, at: moment))) }
    return Draft { [tensors] binding throws(DNNLError) in
      var bindings: [(Argument, Memory)] = []
      for (argument, tensor) in tensors {
        bindings.append((argument, try binding.memory(tensor)))
      }
      return PrimitiveAction(primitive: try Primitive(descriptor, bindings))
    }
  }

  private func reorder(
    from source: TensorPlan, to target: TensorPlan, at moment: Int
  ) throws(DNNLError) -> Draft {
    let descriptor = try Reorder.descriptor(
      from: source.descriptor, to: target.descriptor, on: engine)
    return draft(descriptor, at: moment, [(.source, source), (.destination, target)])
  }

  private func addReorder(
    from source: TensorPlan, to target: TensorPlan, in pass: Pass, of node: Graph.Node
  ) throws(DNNLError) {
    add(try reorder(from: source, to: target, at: moment(pass, node)), to: pass, of: node)
  }
}

extension Compiler {
  /// The node's input in a layout that this module's own kernels read, reordered only if it isn't.
  func channelBlocked(
    of node: Graph.Node
  ) throws(DNNLError) -> (TensorPlan, neural_layout) {
    let made = value(node.inputs[0]).descriptor
    guard let layout = made.kernelLayout else {
      let plain = try MemoryDescriptor.plain(made.dimensions)
      guard let layout = plain.kernelLayout else {
        preconditionFailure("a row-major tensor \(made.dimensions) has no channels")
      }
      return (try input(of: node, as: plain), layout)
    }
    return (try input(of: node, as: made), layout)
  }
}

extension MemoryDescriptor {
  /// The layout as this module's kernels take it, if they can.
  var kernelLayout: neural_layout? {
    guard let blocking = channelBlocking, blocking.lanes <= 16 else { return nil }
    return neural_layout(
      samples: Int64(dimensions[0]), channels: Int64(dimensions[1]),
      blocks: Int64(blocking.channelBlocks), spatial: Int64(blocking.spatial),
      lanes: Int64(blocking.lanes))
  }
}
