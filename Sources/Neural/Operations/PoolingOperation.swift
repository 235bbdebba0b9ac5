import OneDNN
import Tensors

/// The largest or the mean value of each window.
struct PoolingOperation: Operation {
  let kind: Pooling.Kind
  let layer: PoolingLayer
  let output: Shape

  init(_ kind: Pooling.Kind, _ layer: PoolingLayer, input: Shape) throws(NetworkError) {
    output = try input.sliding(
      layer.window, stride: layer.stride, padding: layer.padding,
      channels: input.dimensions.first ?? 0,
      in: kind == .maximum ? "max-pooling" : "average pooling")
    self.kind = kind
    self.layer = layer
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let pass = Pooling(
      kind, window: [layer.window, layer.window], strides: [layer.stride, layer.stride],
      padding: [layer.padding, layer.padding])
    let source = compiler.value(node.inputs[0])
    let forward = try pass.forward(
      source: source.descriptor, destination: .any([compiler.batch] + output.dimensions),
      training: compiler.isActive(node), on: compiler.engine)
    let result = compiler.makeOutput(of: node, as: forward.destination)
    var tensors: [(Argument, TensorPlan)] = [(.source, source), (.destination, result)]
    var workspace: TensorPlan?
    if compiler.isActive(node), forward.workspace.byteCount > 0 {
      let claim = compiler.saved(forward.workspace.byteCount, of: node)
      let plan = TensorPlan(descriptor: forward.workspace, place: .arena(claim))
      tensors.append((.workspace, plan))
      workspace = plan
    }
    compiler.add(forward, to: .forward, of: node, tensors)
    guard compiler.isActive(node) else { return }

    let backward = try pass.backward(
      sourceGradient: source.descriptor, destinationGradient: result.descriptor, hint: forward)
    let gradient = compiler.outputGradient(of: node)
    let share = try compiler.inputGradient(of: node, as: backward.sourceGradient)
    tensors = [(.destinationGradient, gradient), (.sourceGradient, share)]
    if let workspace { tensors.append((.workspace, workspace)) }
    compiler.add(backward, to: .backward, of: node, tensors)
  }
}
