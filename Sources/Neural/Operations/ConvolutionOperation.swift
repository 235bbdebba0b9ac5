import CNeuralKernels
import OneDNN
import Tensors

/// A convolution, with or without a ReLU behind it.
struct ConvolutionOperation: Operation {
  let layer: ConvolutionLayer
  let input: Shape
  var relu = false
  let output: Shape

  init(_ layer: ConvolutionLayer, input: Shape) throws(NetworkError) {
    output = try input.sliding(
      layer.window, stride: layer.stride, padding: layer.padding, channels: layer.outputs,
      in: layer.name)
    self.layer = layer
    self.input = input
  }

  var weightsShape: Shape {
    [layer.outputs, input.dimensions[0], layer.window, layer.window]
  }

  var parameters: [Parameter] {
    let weight = Parameter("\(layer.name).weight", weightsShape, role: .weight)
    guard layer.bias else { return [weight] }
    return [weight, Parameter("\(layer.name).bias", [layer.outputs], role: .bias)]
  }

  var forwardFLOPs: Int {
    2 * weightsShape.count * output.dimensions[1] * output.dimensions[2]
  }

  var followedByReLU: (any Operation)? {
    guard !relu else { return self }
    var fused = self
    fused.relu = true
    return fused
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let tensors = try compileForward(node, with: compiler) {
      compiler.makeOutput(of: node, as: $0)
    }
    guard compiler.isActive(node) else { return }
    let gradient = compiler.outputGradient(of: node)
    if relu { compiler.addReLUBackward(gradient: gradient, output: tensors.output, of: node) }
    try compileBackward(node, with: compiler, tensors, gradient: gradient)
  }

  /// The tensors that the forward pass reads and writes.
  struct ForwardTensors {
    let source: TensorPlan
    let weights: TensorPlan
    let bias: TensorPlan?
    let output: TensorPlan
    let descriptor: PrimitiveDescriptor
  }

  var pass: Convolution {
    Convolution(
      strides: [layer.stride, layer.stride], padding: [layer.padding, layer.padding])
  }

  /// Adds the forward pass, which writes to what `makeOutput` makes in the chosen layout.
  func compileForward(
    _ node: Graph.Node, with compiler: Compiler, makeOutput: (MemoryDescriptor) -> TensorPlan
  ) throws(DNNLError) -> ForwardTensors {
    let biasLayout = layer.bias ? try MemoryDescriptor.plain([layer.outputs]) : nil
    let direct = try chooseForward(node, with: compiler, bias: biasLayout)
    let winograd = winograd(batch: compiler.batch) { pass throws(DNNLError) in
      try pass.forward(
        source: direct.source, weights: direct.weights, bias: biasLayout,
        destination: direct.destination, relu: relu, training: true, on: compiler.engine)
    }
    let forward = winograd ?? direct
    let source = try compiler.input(of: node, as: forward.source)
    let weights = try compiler.parameter(0, of: node, as: forward.weights)
    var bias: TensorPlan?
    if let biasLayout { bias = try compiler.parameter(1, of: node, as: biasLayout) }
    let result = makeOutput(forward.destination)
    var tensors: [(Argument, TensorPlan)] = [
      (.source, source), (.weights, weights), (.destination, result),
    ]
    if let bias { tensors.append((.bias, bias)) }
    compiler.add(forward, to: .forward, of: node, tensors)
    return ForwardTensors(
      source: source, weights: weights, bias: bias, output: result, descriptor: forward)
  }

  /// The implementation that fits what surrounds the node best.
  ///
  /// An input in blocks of channels stays so, even where oneDNN would rather have few channels in
  /// row-major order, for which it has no fast backward pass. Frozen and evaluated layers are
  /// compiled like trained ones: the inference kernels of AVX-512 put the channels last.
  private func chooseForward(
    _ node: Graph.Node, with compiler: Compiler, bias: MemoryDescriptor?
  ) throws(DNNLError) -> PrimitiveDescriptor {
    let made = compiler.value(node.inputs[0]).descriptor
    let weights = try compiler.layout(
      ofParameter: 0, of: node, dimensions: weightsShape.dimensions)
    let open = try MemoryDescriptor.any([compiler.batch] + output.dimensions)
    let isBlocked = (made.kernelLayout?.lanes ?? 1) > 1
    func forward(
      from source: MemoryDescriptor, to destination: MemoryDescriptor
    ) throws(DNNLError) -> PrimitiveDescriptor {
      try pass.forward(
        source: source, weights: weights, bias: bias, destination: destination, relu: relu,
        training: true, on: compiler.engine)
    }
    if isBlocked, let chosen = try? forward(from: made, to: open),
      !chosen.isReference, chosen.destination.kernelLayout != nil
    {
      return chosen
    }
    let any = try MemoryDescriptor.any([compiler.batch] + input.dimensions)
    let chosen = try forward(from: any, to: open)
    guard chosen.destination.kernelLayout == nil else { return chosen }
    return try forward(from: any, to: .plain([compiler.batch] + output.dimensions))
  }
}
