import CNeuralKernels
import OneDNN
import Tensors

/// The mean over all positions, `[C, H, W]` to `[C]`.
struct GlobalAveragePoolingOperation: Operation {
  let output: Shape

  init(input: Shape) throws(NetworkError) {
    guard input.dimensions.count == 3 else {
      throw .wrongRank(layer: "global average pooling", input: input)
    }
    output = [input.dimensions[0]]
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let (source, layout) = try compiler.channelBlocked(of: node)
    let result = compiler.makeOutput(
      of: node, as: try .plain([compiler.batch, output.dimensions[0]]))
    compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
      GlobalMeanAction(
        layout: layout, input: binding.region(source), output: binding.region(result))
    }
    guard compiler.isActive(node) else { return }
    let gradient = compiler.outputGradient(of: node)
    let share = try compiler.inputGradient(of: node, as: source.descriptor)
    compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
      GlobalMeanBackwardAction(
        layout: layout, outputGradient: binding.region(gradient),
        inputGradient: binding.region(share))
    }
  }
}

/// y[n, c] ← mean of x[n, c, ·].
private struct GlobalMeanAction: Action {
  let layout: neural_layout
  let input: Region
  let output: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    unsafe neural_global_mean(layout, input.floats.baseAddress, output.floats.baseAddress)
  }
}

/// dx[n, c, ·] ← dy[n, c] / spatial.
private struct GlobalMeanBackwardAction: Action {
  let layout: neural_layout
  let outputGradient: Region
  let inputGradient: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    unsafe neural_global_mean_backward(
      layout, outputGradient.floats.baseAddress, inputGradient.floats.baseAddress)
  }
}
