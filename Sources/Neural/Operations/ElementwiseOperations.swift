import CNeuralKernels
import OneDNN
import Tensors

/// The sum of two values, with or without a ReLU behind it, where it couldn't be fused.
struct AdditionOperation: Operation {
  let output: Shape
  var relu = false

  init(output: Shape) { self.output = output }

  var followedByReLU: (any Operation)? {
    guard !relu else { return self }
    var fused = self
    fused.relu = true
    return fused
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let first = compiler.value(node.inputs[0])
    let second = try compiler.input(1, of: node, as: first.descriptor)
    let result = compiler.makeOutput(of: node, as: first.descriptor)
    let relu = relu
    compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
      AdditionAction(
        relu: relu, first: binding.region(first), second: binding.region(second),
        output: binding.region(result))
    }
    guard compiler.isActive(node) else { return }
    try compiler.passGradient(to: 1, of: node)
    try compiler.passGradient(to: 0, of: node)
    let gradient = compiler.outputGradient(of: node)
    if relu { compiler.addReLUBackward(gradient: gradient, output: result, of: node) }
  }
}

/// y ← a + b, then perhaps the ReLU.
private struct AdditionAction: Action {
  let relu: Bool
  let first: Region
  let second: Region
  let output: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive, which are of the same length.
    unsafe neural_add(
      Int64(output.floats.count), relu, first.floats.baseAddress, second.floats.baseAddress,
      output.floats.baseAddress)
  }
}

/// max(x, 0) where it couldn't be fused into the operation before.
struct ReLUOperation: Operation {
  let output: Shape

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let source = compiler.value(node.inputs[0])
    let result = compiler.makeOutput(of: node, as: source.descriptor)
    compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
      ReLUAction(input: binding.region(source), output: binding.region(result))
    }
    guard compiler.isActive(node) else { return }
    let gradient = compiler.outputGradient(of: node)
    let share = try compiler.inputGradient(of: node, as: source.descriptor)
    compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
      CopyAction(source: binding.region(gradient), target: binding.region(share))
    }
    compiler.addReLUBackward(gradient: share, output: result, of: node)
  }
}

extension Compiler {
  /// Adds to the node's backward pass: the gradient is zeroed where `output`, a ReLU's, is 0.
  func addReLUBackward(gradient: TensorPlan, output: TensorPlan, of node: Graph.Node) {
    add(to: .backward, of: node) { binding throws(DNNLError) in
      ReLUBackwardAction(gradient: binding.region(gradient), output: binding.region(output))
    }
  }
}

/// y ← max(x, 0).
private struct ReLUAction: Action {
  let input: Region
  let output: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: both regions are kept alive by self and are of the same length.
    unsafe neural_relu(
      Int64(input.floats.count), input.floats.baseAddress, output.floats.baseAddress)
  }
}

/// Zeroes the gradient where the output is 0, in place.
private struct ReLUBackwardAction: Action {
  let gradient: Region
  let output: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: both regions are kept alive by self and are of the same length.
    unsafe neural_relu_backward(
      Int64(gradient.floats.count), gradient.floats.baseAddress, output.floats.baseAddress)
  }
}
