import CNeuralKernels
import OneDNN
import Tensors

/// The means of windows of about equal size that cover the image.
struct AdaptivePoolingOperation: Operation {
  let input: Shape
  let output: Shape

  init(rows: Int, columns: Int, input: Shape) throws(NetworkError) {
    precondition(rows > 0 && columns > 0, "\(rows) times \(columns) windows")
    guard input.dimensions.count == 3 else {
      throw .wrongRank(layer: "adaptive average pooling", input: input)
    }
    self.input = input
    output = [input.dimensions[0], rows, columns]
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let (source, layout) = try compiler.channelBlocked(of: node)
    let dimensions = [compiler.batch] + output.dimensions
    let lanes = Int(layout.lanes)
    let result = compiler.makeOutput(
      of: node, as: lanes == 1 ? try .plain(dimensions) : try .blocked(dimensions, lanes: lanes))
    let windows = neural_adaptive_windows(
      rows: Int64(input.dimensions[1]), columns: Int64(input.dimensions[2]),
      window_rows: Int64(output.dimensions[1]), window_columns: Int64(output.dimensions[2]))
    compiler.add(to: .forward, of: node) { binding throws(DNNLError) in
      AdaptivePoolingAction(
        layout: layout, windows: windows, input: binding.region(source),
        output: binding.region(result))
    }
    guard compiler.isActive(node), compiler.needsGradient(of: node) else { return }
    let gradient = compiler.outputGradient(of: node)
    let share = try compiler.inputGradient(of: node, as: source.descriptor)
    compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
      AdaptivePoolingBackwardAction(
        layout: layout, windows: windows, outputGradient: binding.region(gradient),
        inputGradient: binding.region(share))
    }
  }
}

/// y ← the mean of each window.
private struct AdaptivePoolingAction: Action {
  let layout: neural_layout
  let windows: neural_adaptive_windows
  let input: Region
  let output: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    unsafe neural_adaptive_mean(
      layout, windows, input.floats.baseAddress, output.floats.baseAddress)
  }
}

/// dx ← each window's share of dy.
private struct AdaptivePoolingBackwardAction: Action {
  let layout: neural_layout
  let windows: neural_adaptive_windows
  let outputGradient: Region
  let inputGradient: Region

  func run(_ step: Step) throws(DNNLError) {
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    unsafe neural_adaptive_mean_backward(
      layout, windows, outputGradient.floats.baseAddress, inputGradient.floats.baseAddress)
  }
}
