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
