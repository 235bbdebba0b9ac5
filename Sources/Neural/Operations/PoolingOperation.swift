import CNeuralKernels
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

extension Shape {
  /// The shape `[channels, H', W']` of what a window makes that slides over `[C, H, W]`.
  func sliding(
    _ window: Int, stride: Int, padding: Int, channels: Int, in layer: String
  ) throws(NetworkError) -> Shape {
    guard dimensions.count == 3 else { throw .wrongRank(layer: layer, input: self) }
    let padded = dimensions.dropFirst().map { $0 + 2 * padding }
    guard padded.allSatisfy({ $0 >= window }) else {
      throw .windowDoesNotFit(layer: layer, window: window, input: self)
    }
    return Shape([channels] + padded.map { ($0 - window) / stride + 1 })
  }
}
