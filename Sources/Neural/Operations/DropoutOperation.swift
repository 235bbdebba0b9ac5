import CNeuralKernels
import Measures
import OneDNN
import Tensors

/// Zeroes scalars at random and scales the others, so that the mean stays.
///
/// Whether scalar e (row-major within its sample) of the k-th sample of a training is dropped
/// depends on nothing but the training's random stream, the layer's ordinal, k and e: not on the
/// batch size, the layout in memory or the thread. The rate is rounded to a multiple of 2⁻¹⁶.
/// Frozen blocks drop as well, as PyTorch's do.
struct DropoutOperation: Operation {
  let rate: Double
  /// The number of this dropout in the network; names its random stream.
  let ordinal: Int
  let output: Shape

  init(rate: Double, ordinal: Int, output: Shape) {
    precondition((0..<1).contains(rate), "a dropout rate of \(rate)")
    self.rate = rate
    self.ordinal = ordinal
    self.output = output
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let (source, layout) = try compiler.channelBlocked(of: node)
    let result = compiler.makeOutput(of: node, as: source.descriptor)
    let scalars = source.descriptor.byteCount / 4
    let mask = compiler.saved(scalars, of: node)
    let threshold = (rate * 65536).rounded()
    let scale = Float(65536 / (65536 - threshold))
    compiler.add(to: .forward, of: node) { [ordinal] binding throws(DNNLError) in
      DropoutAction(
        ordinal: ordinal, layout: layout, threshold: UInt32(threshold), scale: scale,
        input: binding.region(source), output: binding.region(result), mask: binding.bytes(mask))
    }
    guard compiler.isActive(node) else { return }
    let gradient = compiler.outputGradient(of: node)
    let share = try compiler.inputGradient(of: node, as: source.descriptor)
    compiler.add(to: .backward, of: node) { binding throws(DNNLError) in
      DropoutBackwardAction(
        scale: scale, outputGradient: binding.region(gradient), mask: binding.bytes(mask),
        inputGradient: binding.region(share))
    }
  }
}

/// Draws a mask and applies it.
private struct DropoutAction: Action {
  let ordinal: Int
  let layout: neural_layout
  let threshold: UInt32
  let scale: Float
  let input: Region
  let output: Region
  let mask: Region

  func run(_ step: Step) throws(DNNLError) {
    guard let random = step.dropout else {
      // SAFETY: both regions are kept alive by self and are of the same length.
      unsafe output.address.copyMemory(from: input.address, byteCount: input.byteCount)
      return
    }
    let key = random.stream("dropout", ordinal).key
    // SAFETY: self keeps the regions alive; the layout was read off their descriptors and the mask
    // has a byte for each scalar.
    unsafe neural_dropout(
      layout, key, UInt64(step.firstSample), threshold, scale, input.floats.baseAddress,
      output.floats.baseAddress, mask.address.assumingMemoryBound(to: UInt8.self))
  }
}

/// Applies the mask of the forward pass to the gradient.
private struct DropoutBackwardAction: Action {
  let scale: Float
  let outputGradient: Region
  let mask: Region
  let inputGradient: Region

  func run(_ step: Step) throws(DNNLError) {
    guard step.dropout != nil else {
      // SAFETY: both regions are kept alive by self and are of the same length.
      unsafe inputGradient.address.copyMemory(
        from: outputGradient.address, byteCount: inputGradient.byteCount)
      return
    }
    // SAFETY: self keeps the regions alive; all are of as many scalars.
    unsafe neural_dropout_backward(
      Int64(inputGradient.floats.count), scale, outputGradient.floats.baseAddress,
      mask.address.assumingMemoryBound(to: UInt8.self), inputGradient.floats.baseAddress)
  }
}
