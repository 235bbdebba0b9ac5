import OneDNN
import Tensors

/// An affine map, with or without a ReLU behind it.
struct LinearOperation: Operation {
  let layer: LinearLayer
  let input: Shape
  var relu = false

  init(_ layer: LinearLayer, input: Shape) {
    self.layer = layer
    self.input = input
  }

  var output: Shape { [layer.outputs] }

  var parameters: [Parameter] {
    let weight = Parameter("\(layer.name).weight", [layer.outputs, input.count], role: .weight)
    guard layer.bias else { return [weight] }
    return [weight, Parameter("\(layer.name).bias", [layer.outputs], role: .bias)]
  }

  var forwardFLOPs: Int { 2 * layer.outputs * input.count }

  var followedByReLU: (any Operation)? {
    guard !relu else { return self }
    var fused = self
    fused.relu = true
    return fused
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    // An unflattened input stays as it is, blocked or not: its axes become axes of the weights.
    // Only blocks that are partly filled are first put in row-major order, as they have no fast
    // path.
    let made = compiler.value(node.inputs[0]).descriptor
    let partlyFilled = made.channelBlocking.map { made.dimensions[1] % $0.lanes != 0 } ?? true
    let sourceLayout = partlyFilled ? try .plain(made.dimensions) : made
    let weightsDimensions = [layer.outputs] + made.dimensions.dropFirst()
    let resultLayout = try MemoryDescriptor.plain([compiler.batch, layer.outputs])
    let biasLayout = layer.bias ? try MemoryDescriptor.plain([layer.outputs]) : nil
    let forward = try InnerProduct.forward(
      source: sourceLayout,
      weights: compiler.layout(ofParameter: 0, of: node, dimensions: weightsDimensions),
      bias: biasLayout,
      destination: resultLayout, relu: relu, training: compiler.isActive(node),
      on: compiler.engine)

    let source = try compiler.input(of: node, as: sourceLayout)
    let weights = try compiler.parameter(0, of: node, as: forward.weights)
    let result = compiler.makeOutput(of: node, as: resultLayout)
    var tensors: [(Argument, TensorPlan)] = [
      (.source, source), (.weights, weights), (.destination, result),
    ]
    if let biasLayout {
      tensors.append((.bias, try compiler.parameter(1, of: node, as: biasLayout)))
    }
    compiler.add(forward, to: .forward, of: node, tensors)
    guard compiler.isActive(node) else { return }

    let gradient = compiler.outputGradient(of: node)
    if relu { compiler.addReLUBackward(gradient: gradient, output: result, of: node) }
    if compiler.isTrained(node) {
      let backward = try InnerProduct.backwardWeights(
        source: sourceLayout, weightsGradient: forward.weights, biasGradient: biasLayout,
        destinationGradient: resultLayout, hint: forward)
      var tensors: [(Argument, TensorPlan)] = [
        (.source, source), (.destinationGradient, gradient),
        (
          .weightsGradient,
          try compiler.parameterGradient(0, of: node, as: backward.weightsGradient)
        ),
      ]
      if let biasLayout {
        tensors.append((.biasGradient, try compiler.parameterGradient(1, of: node, as: biasLayout)))
      }
      compiler.add(backward, to: .backward, of: node, tensors)
    }
    guard compiler.needsGradient(of: node) else { return }
    let backward = try InnerProduct.backwardData(
      sourceGradient: sourceLayout, weights: forward.weights, destinationGradient: resultLayout,
      hint: forward)
    compiler.add(
      backward, to: .backward, of: node,
      [
        (.weights, try compiler.parameter(0, of: node, as: backward.weights, in: .backward)),
        (.destinationGradient, gradient),
        (.sourceGradient, try compiler.inputGradient(of: node, as: backward.sourceGradient)),
      ])
  }
}
