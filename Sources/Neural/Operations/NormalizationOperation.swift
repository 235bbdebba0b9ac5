import CNeuralKernels
import OneDNN
import Tensors

/// A group or batch normalization, with or without an addition and a ReLU behind it.
///
/// The second input, where there is one, is added before the ReLU.
struct NormalizationOperation: Operation {
  let layer: NormalizationLayer
  let output: Shape
  var adds = false
  var relu = false

  init(_ layer: NormalizationLayer, input: Shape) throws(NetworkError) {
    guard let channels = input.dimensions.first else {
      throw .wrongRank(layer: layer.name, input: input)
    }
    if case .group(let groups) = layer.kind, channels % groups != 0 {
      throw .unequalGroups(layer: layer.name, groups: groups, input: input)
    }
    self.layer = layer
    output = input
  }

  var parameters: [Parameter] {
    let channels = Shape([output.dimensions[0]])
    let learned = [
      Parameter("\(layer.name).weight", channels, role: .scale),
      Parameter("\(layer.name).bias", channels, role: .scale),
    ]
    guard case .batch = layer.kind else { return learned }
    return learned + [
      Parameter("\(layer.name).running_mean", channels, role: .buffer),
      Parameter("\(layer.name).running_var", channels, role: .buffer),
    ]
  }

  var followedByReLU: (any Operation)? {
    guard !relu else { return self }
    var fused = self
    fused.relu = true
    return fused
  }

  var followedByAddition: (any Operation)? {
    guard !relu, !adds else { return nil }
    var fused = self
    fused.adds = true
    return fused
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let (source, layout) = try compiler.channelBlocked(of: node)
    let kernel = kernel(layout, learns: compiler.isTrained(node))
    let scratchBytes = Int(neural_norm_scratch(layout))
    let result = compiler.makeOutput(of: node, as: source.descriptor)
    let channels = try MemoryDescriptor.plain([output.dimensions[0]])
    var learned: [TensorPlan] = []
    for index in parameters.indices {
      learned.append(try compiler.parameter(index, of: node, as: channels))
    }
    let addend = adds ? try compiler.input(1, of: node, as: source.descriptor) : nil
    let statistics = compiler.saved(statisticsCount(layout) * 4, of: node)
    let scratch = compiler.scratch(scratchBytes, in: .forward, of: node)
    compiler.add(to: .forward, of: node) { [learned] binding throws(DNNLError) in
      NormalizationAction(
        kernel: kernel, input: binding.region(source), addend: addend.map(binding.region),
        parameters: learned.map(binding.region), output: binding.region(result),
        statistics: binding.bytes(statistics), scratch: binding.bytes(scratch))
    }
    guard compiler.isActive(node) else { return }

    if adds { try compiler.passGradient(to: 1, of: node) }
    let gradient = compiler.outputGradient(of: node)
    let share =
      compiler.needsGradient(of: node)
      ? try compiler.inputGradient(of: node, as: source.descriptor) : nil
    var learnedGradients: [TensorPlan] = []
    if compiler.isTrained(node) {
      for index in 0..<2 {
        learnedGradients.append(try compiler.parameterGradient(index, of: node, as: channels))
      }
    }
    let backwardScratch = compiler.scratch(scratchBytes, in: .backward, of: node)
    compiler.add(to: .backward, of: node) {
      [learned, learnedGradients] binding throws(DNNLError) in
      NormalizationBackwardAction(
        kernel: kernel, input: binding.region(source), output: binding.region(result),
        parameters: learned.map(binding.region), statistics: binding.bytes(statistics),
        outputGradient: binding.region(gradient), inputGradient: share.map(binding.region),
        parameterGradients: learnedGradients.map(binding.region),
        scratch: binding.bytes(backwardScratch))
    }
  }

  private func kernel(_ layout: neural_layout, learns: Bool) -> NormalizationKernel {
    switch layer.kind {
    case .group(let groups):
      .group(
        neural_group_norm(
          layout: layout, groups: Int64(groups), epsilon: layer.epsilon, relu: relu))
    case .batch(let momentum):
      .batch(
        neural_batch_norm(
          layout: layout, epsilon: layer.epsilon, momentum: momentum, learns: learns, relu: relu))
    }
  }

  private func statisticsCount(_ layout: neural_layout) -> Int {
    switch layer.kind {
    case .group(let groups): Int(layout.samples) * groups * 2
    case .batch: Int(layout.channels) * 3
    }
  }
}

/// One of the two kinds of normalization, with its extents.
enum NormalizationKernel {
  /// Over groups of channels of one sample.
  case group(neural_group_norm)
  /// Over a batch, channel by channel.
  case batch(neural_batch_norm)
}

/// Normalizes, adds and cuts off below 0.
struct NormalizationAction: Action {
  let kernel: NormalizationKernel
  let input: Region
  let addend: Region?
  /// Scale and shift, and a batch norm's running mean and variance.
  let parameters: [Region]
  let output: Region
  let statistics: Region
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    let hasBuffers = parameters.count > 2
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    var tensors = unsafe neural_norm_tensors(
      input: input.floats.baseAddress, addend: addend?.floats.baseAddress,
      scale: parameters[0].floats.baseAddress, shift: parameters[1].floats.baseAddress,
      running_mean: hasBuffers ? parameters[2].floats.baseAddress : nil,
      running_variance: hasBuffers ? parameters[3].floats.baseAddress : nil,
      output: output.floats.baseAddress, statistics: statistics.floats.baseAddress,
      scratch: scratch.address)
    switch kernel {
    case .group(var shape): unsafe neural_group_norm_forward(&shape, &tensors)
    case .batch(var shape): unsafe neural_batch_norm_forward(&shape, &tensors)
    }
  }
}

/// The gradients of a normalization; a trained batch norm's running statistics move here and not in
/// the forward pass, so that a batch whose loss is no number leaves them alone.
struct NormalizationBackwardAction: Action {
  let kernel: NormalizationKernel
  let input: Region
  let output: Region
  /// Scale and shift, and a batch norm's running mean and variance.
  let parameters: [Region]
  let statistics: Region
  let outputGradient: Region
  let inputGradient: Region?
  /// Those of scale and shift; empty where they aren't trained.
  let parameterGradients: [Region]
  let scratch: Region

  func run(_ step: Step) throws(DNNLError) {
    let isTrained = !parameterGradients.isEmpty
    let moves = isTrained && parameters.count > 2
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors.
    var tensors = unsafe neural_norm_gradients(
      input: input.floats.baseAddress, output: output.floats.baseAddress,
      scale: parameters[0].floats.baseAddress, statistics: statistics.floats.baseAddress,
      output_gradient: outputGradient.floats.baseAddress,
      input_gradient: inputGradient?.floats.baseAddress,
      scale_gradient: isTrained ? parameterGradients[0].floats.baseAddress : nil,
      shift_gradient: isTrained ? parameterGradients[1].floats.baseAddress : nil,
      running_mean: moves ? parameters[2].floats.baseAddress : nil,
      running_variance: moves ? parameters[3].floats.baseAddress : nil,
      scratch: scratch.address)
    switch kernel {
    case .group(var shape): unsafe neural_group_norm_backward(&shape, &tensors)
    case .batch(var shape): unsafe neural_batch_norm_backward(&shape, &tensors)
    }
  }
}
