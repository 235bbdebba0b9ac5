import CNeuralKernels
import OneDNN

extension Compiler {
  /// The node's input in a layout that this module's own kernels read, reordered only if it isn't.
  func channelBlocked(
    of node: Graph.Node
  ) throws(DNNLError) -> (TensorPlan, neural_layout) {
    let made = value(node.inputs[0]).descriptor
    guard let layout = made.kernelLayout else {
      let plain = try MemoryDescriptor.plain(made.dimensions)
      guard let layout = plain.kernelLayout else {
        preconditionFailure("a row-major tensor \(made.dimensions) has no channels")
      }
      return (try input(of: node, as: plain), layout)
    }
    return (try input(of: node, as: made), layout)
  }
}

extension MemoryDescriptor {
  /// The layout as this module's kernels take it, if they can.
  var kernelLayout: neural_layout? {
    guard let blocking = channelBlocking, blocking.lanes <= 16 else { return nil }
    return neural_layout(
      samples: Int64(dimensions[0]), channels: Int64(dimensions[1]),
      blocks: Int64(blocking.channelBlocks), spatial: Int64(blocking.spatial),
      lanes: Int64(blocking.lanes))
  }
}
