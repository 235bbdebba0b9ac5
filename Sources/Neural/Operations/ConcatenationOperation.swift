import CNeuralKernels
import OneDNN
import Tensors

/// The channels of one value before those of another, `[K, H, W]` and `[C, H, W]` to `[K + C, H,
/// W]`.
struct ConcatenationOperation: Operation {
  let output: Shape

  /// Nil unless both have rows and columns, and the same.
  init?(_ first: Shape, _ second: Shape) {
    let (first, second) = (first.dimensions, second.dimensions)
    guard first.count == 3, second.count == 3, first.dropFirst() == second.dropFirst() else {
      return nil
    }
    output = Shape([first[0] + second[0]] + first.dropFirst())
  }

  func compile(_ node: Graph.Node, with compiler: Compiler) throws(DNNLError) {
    let lanes = lanes(of: node, with: compiler)
    func layout(_ dimensions: [Int]) throws(DNNLError) -> MemoryDescriptor {
      lanes == 1 ? try .plain(dimensions) : try .blocked(dimensions, lanes: lanes)
    }
    var parts: [TensorPlan] = []
    for index in node.inputs.indices {
      let dimensions = compiler.value(node.inputs[index]).descriptor.dimensions
      parts.append(try compiler.input(index, of: node, as: layout(dimensions)))
    }
    let result = compiler.makeOutput(
      of: node, as: try layout([compiler.batch] + output.dimensions))
    let batch = compiler.batch
    compiler.add(to: .forward, of: node) { [parts] binding throws(DNNLError) in
      JoinAction(
        samples: batch, parts: parts.map(binding.region), whole: binding.region(result))
    }
    guard compiler.isActive(node) else { return }
    let gradient = compiler.outputGradient(of: node)
    var shares: [TensorPlan?] = []
    for (index, part) in parts.enumerated() {
      let flows = compiler.needsGradient(index, of: node)
      shares.append(
        flows ? try compiler.inputGradient(index, of: node, as: part.descriptor) : nil)
    }
    let sizes = parts.map { $0.descriptor.byteCount / batch }
    compiler.add(to: .backward, of: node) { [shares] binding throws(DNNLError) in
      SplitAction(
        samples: batch, whole: binding.region(gradient), sizes: sizes,
        parts: shares.map { $0.map(binding.region) })
    }
  }

  /// The number of channels side by side in all inputs, if the first one's fill their blocks; else
  /// 1.
  private func lanes(of node: Graph.Node, with compiler: Compiler) -> Int {
    let descriptors = node.inputs.map { compiler.value($0).descriptor }
    let lanes = descriptors.map { Int($0.kernelLayout?.lanes ?? 1) }
    guard let common = lanes.first, lanes.allSatisfy({ $0 == common }), common == 8 || common == 16,
      descriptors[0].dimensions[1].isMultiple(of: common)
    else { return 1 }
    return common
  }
}

/// Copies each sample's parts to where they lie in the whole.
private struct JoinAction: Action {
  let samples: Int
  let parts: [Region]
  let whole: Region

  func run(_ step: Step) throws(DNNLError) {
    var next = 0
    for sample in 0..<samples {
      for part in parts {
        let size = part.byteCount / samples
        // SAFETY: self keeps the regions alive; the parts are together as long as the whole.
        unsafe whole.address.advanced(by: next).copyMemory(
          from: part.address.advanced(by: sample * size), byteCount: size)
        next += size
      }
    }
  }
}

/// Copies each sample's pieces of the whole to the parts that want them.
private struct SplitAction: Action {
  let samples: Int
  let whole: Region
  /// The bytes of one sample's piece of each part.
  let sizes: [Int]
  let parts: [Region?]

  func run(_ step: Step) throws(DNNLError) {
    var next = 0
    for sample in 0..<samples {
      for (part, size) in zip(parts, sizes) {
        if let part {
          // SAFETY: self keeps the regions alive; the parts are together as long as the whole.
          unsafe part.address.advanced(by: sample * size).copyMemory(
            from: whole.address.advanced(by: next), byteCount: size)
        }
        next += size
      }
    }
  }
}
