import OneDNN
import Tensors

extension Graph {
  /// Appends `layers`, reading value `input`, to segment `segment`, called `name`; returns the last
  /// value.
  mutating func append(
    _ layers: [Layer], reading input: Int, segment: Int, called name: String
  ) throws(NetworkError) -> Int {
    var value = input
    for layer in layers {
      switch layer {
      case .convolution(let layer):
        let operation = try ConvolutionOperation(layer, input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .linear(let layer):
        let operation = LinearOperation(layer, input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .relu:
        value = appendReLU(reading: value, segment: segment)
      case .normalization(let layer):
        let operation = try NormalizationOperation(layer, input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .residual(let body, let shortcut):
        branches.insert(value)
        let made = try append(body, reading: value, segment: segment, called: name)
        let other = try append(
          shortcut, reading: value, segment: segment, called: name)
        value = try appendSum(of: made, and: other, segment: segment)
      case .maxPooling(let layer):
        let operation = try PoolingOperation(.maximum, layer, input: shapes[value])
        if let convolution = fusable(value, segment: segment) as? ConvolutionOperation,
          let pooled = PooledConvolutionOperation(convolution, pooledBy: layer)
        {
          replaceLast(by: pooled)
        } else {
          value = append(operation, reading: [value], segment: segment)
        }
      case .averagePooling(let layer):
        let operation = try PoolingOperation(.mean, layer, input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .adaptiveAveragePooling(let rows, let columns):
        let operation = try AdaptivePoolingOperation(
          rows: rows, columns: columns, input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .globalAveragePooling:
        let operation = try GlobalAveragePoolingOperation(input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .dropout(let rate):
        guard rate > 0 else { continue }
        let operation = DropoutOperation(rate: rate, ordinal: dropouts, output: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .flatten:
        // Readers of a flat shape take any shape in row-major order; nothing is to be computed.
        continue
      case .transposedConvolution(let layer):
        let operation = try TransposedConvolutionOperation(layer, input: shapes[value])
        value = append(operation, reading: [value], segment: segment)
      case .keep(let key):
        guard kept[segment].updateValue(value, forKey: key) == nil else {
          throw .keptTwice(name: key, block: name)
        }
        branches.insert(value)
      case .concatenation(let key):
        guard let other = kept[segment][key] else { throw .notKept(name: key, block: name) }
        let (first, second) = (shapes[other], shapes[value])
        guard let operation = ConcatenationOperation(first, second), other != value else {
          throw .notJoined(name: key, block: name, kept: first, input: second)
        }
        value = append(operation, reading: [other, value], segment: segment)
      }
    }
    return value
  }

  private var dropouts: Int { nodes.count { $0.operation is DropoutOperation } }

  private mutating func append(
    _ operation: any Operation, reading inputs: [Int], segment: Int
  ) -> Int {
    let output = shapes.count
    shapes.append(operation.output)
    nodes.append(
      Node(
        index: nodes.count, operation: operation, inputs: inputs, output: output,
        segment: segment, firstParameter: parameters[segment].count))
    parameters[segment] += operation.parameters
    return output
  }

  private mutating func appendReLU(reading value: Int, segment: Int) -> Int {
    guard let fused = fusable(value, segment: segment)?.followedByReLU else {
      return append(ReLUOperation(output: shapes[value]), reading: [value], segment: segment)
    }
    replaceLast(by: fused)
    return value
  }

  /// The sum of two values, made by the operation that made one of them where that is possible.
  private mutating func appendSum(
    of first: Int, and second: Int, segment: Int
  ) throws(NetworkError) -> Int {
    guard shapes[first] == shapes[second] else {
      throw .shapesDiffer(layer: "a residual block", shapes[first], shapes[second])
    }
    guard first != second else { throw .nothingToAdd(layer: "a residual block") }
    for (made, addend) in [(first, second), (second, first)] {
      guard let fused = fusable(made, segment: segment)?.followedByAddition else { continue }
      replaceLast(by: fused, reading: [addend])
      return made
    }
    return append(
      AdditionOperation(output: shapes[first]), reading: [first, second], segment: segment)
  }

  /// The last operation, if it made `value`, which nobody else has read yet.
  private func fusable(_ value: Int, segment: Int) -> (any Operation)? {
    guard
      let last = nodes.last, last.output == value, last.segment == segment,
      !branches.contains(value)
    else { return nil }
    return last.operation
  }

  /// Puts `operation` in the place of the last one; it reads `more` after what that one read.
  private mutating func replaceLast(by operation: any Operation, reading more: [Int] = []) {
    let last = nodes.removeLast()
    nodes.append(
      Node(
        index: last.index, operation: operation, inputs: last.inputs + more, output: last.output,
        segment: last.segment, firstParameter: last.firstParameter))
    shapes[last.output] = operation.output
  }
}
