import Measures
import Neural
import Tensors

/// Networks in 64-bit floats, written as plainly as possible, to compare with.
struct ReferenceNetwork {
  /// The layers of all segments, with the segment of each.
  let layers: [Layer]
  let input: Shape
  /// Decides what a dropout layer keeps: its ordinal, the sample, the scalar, the scalars per sample.
  var keeps: ((Int, Int, Int, Int) -> Bool)?

  init(_ blocks: [Block], input: Shape) {
    layers = blocks.flatMap(\.layers)
    self.input = input
  }

  /// The mean loss over a batch; `parameters` are all scalars in the wire's order.
  func loss(_ parameters: [Double], inputs: [Double], labels: [Int32]) -> Double {
    var sum = 0.0
    for (sample, label) in labels.enumerated() {
      let pixels = Array(inputs[sample * input.count..<(sample + 1) * input.count])
      let logits = forward(parameters, pixels, sample: sample)
      let peak = logits.max() ?? 0
      sum += exponentials(logits, peak) + peak - logits[Int(label)]
    }
    return sum / Double(labels.count)
  }

  /// The logits of one sample.
  func forward(_ parameters: [Double], _ pixels: [Double], sample: Int) -> [Double] {
    var (values, shape, next, dropouts) = (pixels, input.dimensions, 0, 0)
    func take(_ count: Int) -> ArraySlice<Double> {
      defer { next += count }
      return parameters[next..<next + count]
    }
    for layer in layers {
      switch layer {
      case .convolution(let layer):
        let weights = Array(take(layer.outputs * shape[0] * layer.window * layer.window))
        let bias =
          layer.bias ? Array(take(layer.outputs)) : Array(repeating: 0, count: layer.outputs)
        (values, shape) = convolve(values, shape, layer, weights, bias)
      case .linear(let layer):
        let weights = Array(take(layer.outputs * values.count))
        let bias =
          layer.bias ? Array(take(layer.outputs)) : Array(repeating: 0, count: layer.outputs)
        values = (0..<layer.outputs).map { o in
          values.indices.reduce(bias[o]) { $0 + values[$1] * weights[o * values.count + $1] }
        }
        shape = [layer.outputs]
      case .relu: values = values.map { max($0, 0) }
      case .maxPooling(let layer): (values, shape) = pool(values, shape, layer)
      case .globalAveragePooling:
        let spatial = values.count / shape[0]
        values = (0..<shape[0]).map { c in
          values[c * spatial..<(c + 1) * spatial].reduce(0, +) / Double(spatial)
        }
        shape = [shape[0]]
      case .dropout(let rate):
        if let keeps {
          values = values.indices.map {
            keeps(dropouts, sample, $0, values.count) ? values[$0] / (1 - rate) : 0
          }
        }
        dropouts += 1
      case .flatten: shape = [values.count]
      }
    }
    return values
  }

  private func convolve(
    _ x: [Double], _ shape: [Int], _ layer: ConvolutionLayer, _ w: [Double], _ b: [Double]
  ) -> ([Double], [Int]) {
    let (k, channels) = (layer.window, shape[0])
    let size = [1, 2].map { (shape[$0] + 2 * layer.padding - k) / layer.stride + 1 }
    var y: [Double] = []
    for o in 0..<layer.outputs {
      for row in 0..<size[0] {
        for column in 0..<size[1] {
          var sum = b[o]
          for c in 0..<channels {
            for i in 0..<k {
              for j in 0..<k {
                let (r, s) = (
                  row * layer.stride + i - layer.padding, column * layer.stride + j - layer.padding
                )
                guard (0..<shape[1]).contains(r), (0..<shape[2]).contains(s) else { continue }
                sum +=
                  x[(c * shape[1] + r) * shape[2] + s] * w[((o * channels + c) * k + i) * k + j]
              }
            }
          }
          y.append(sum)
        }
      }
    }
    return (y, [layer.outputs] + size)
  }

  private func pool(
    _ x: [Double], _ shape: [Int], _ layer: PoolingLayer
  ) -> ([Double], [Int]) {
    let size = [1, 2].map { (shape[$0] + 2 * layer.padding - layer.window) / layer.stride + 1 }
    var y: [Double] = []
    for c in 0..<shape[0] {
      for row in 0..<size[0] {
        for column in 0..<size[1] {
          var best = -Double.infinity
          for i in 0..<layer.window {
            for j in 0..<layer.window {
              let (r, s) = (
                row * layer.stride + i - layer.padding, column * layer.stride + j - layer.padding
              )
              guard (0..<shape[1]).contains(r), (0..<shape[2]).contains(s) else { continue }
              best = max(best, x[(c * shape[1] + r) * shape[2] + s])
            }
          }
          y.append(best)
        }
      }
    }
    return (y, [shape[0]] + size)
  }
}
