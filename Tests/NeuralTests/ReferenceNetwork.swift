import Measures
import Neural
import Tensors

/// Networks in 64-bit floats, written as plainly as possible, to compare with.
struct ReferenceNetwork {
  /// The layers in the order in which they are applied, with the segment of each part.
  let path: [(segment: Int, layers: [Layer])]
  let input: Shape
  let objective: Objective
  /// The number of scalars of each segment; empty for a chain, whose parameters lie in the layers'
  /// order.
  let counts: [Int]
  /// Decides what a dropout layer keeps: its ordinal, the sample, the scalar, the scalars per
  /// sample.
  var keeps: ((Int, Int, Int, Int) -> Bool)?

  init(_ blocks: [Block], input: Shape) {
    path = [(0, blocks.flatMap(\.layers))]
    self.input = input
    objective = .classes
    counts = []
  }

  init(_ small: SmallNetwork) throws {
    path = small.nesting.path(small.blocks)
    input = small.input
    objective = small.objective
    counts = try small.network().layouts.map(\.count)
  }

  /// The mean loss over a batch; `parameters` are all scalars in the wire's order.
  func loss(_ parameters: [Double], inputs: [Double], labels: [Int32]) -> Double {
    let logits = forward(parameters, inputs)
    if case .pixels(let loss) = objective {
      let pixels = labels.count / logits.count
      let masks = logits.enumerated().map { sample, mask in
        ReferenceMask(
          logits: mask, labels: Array(labels[sample * pixels..<(sample + 1) * pixels])
        ).loss(loss)
      }
      return masks.reduce(0, +) / Double(masks.count)
    }
    let losses = zip(logits, labels).map { logits, label in
      let peak = logits.max() ?? 0
      return exponentials(logits, peak) + peak - logits[Int(label)]
    }
    return losses.reduce(0, +) / Double(labels.count)
  }

  /// The logits of each sample of a batch.
  func forward(_ parameters: [Double], _ inputs: [Double]) -> [[Double]] {
    let samples = stride(from: 0, to: inputs.count, by: input.count).map {
      Array(inputs[$0..<$0 + input.count])
    }
    var batch = Activations(samples: samples, shape: input.dimensions)
    var slices = [parameters[...]]
    if !counts.isEmpty {
      slices = counts.indices.map { segment in
        parameters[counts[..<segment].reduce(0, +)...].prefix(counts[segment])
      }
    }
    var state = State(parameters: [])
    var kept = slices.map { _ in [String: Activations]() }
    for (segment, layers) in path {
      (state.parameters, state.kept) = (slices[segment], kept[segment])
      batch = apply(layers, to: batch, &state)
      (slices[segment], kept[segment]) = (state.parameters, state.kept)
    }
    return batch.samples
  }

  /// A batch between two layers.
  struct Activations {
    var samples: [[Double]]
    var shape: [Int]
  }

  /// The values that the layers before have used up.
  struct State {
    var parameters: ArraySlice<Double>
    var dropouts = 0
    var kept: [String: Activations] = [:]

    mutating func take(_ count: Int) -> [Double] {
      defer { parameters = parameters.dropFirst(count) }
      return Array(parameters.prefix(count))
    }
  }

  private func apply(
    _ layers: [Layer], to batch: Activations, _ state: inout State
  ) -> Activations {
    layers.reduce(batch) { apply($1, to: $0, &state) }
  }

  private func apply(_ layer: Layer, to batch: Activations, _ state: inout State) -> Activations {
    var (samples, shape) = (batch.samples, batch.shape)
    switch layer {
    case .convolution(let layer):
      let weights = state.take(layer.outputs * shape[0] * layer.window * layer.window)
      let bias =
        layer.bias ? state.take(layer.outputs) : Array(repeating: 0, count: layer.outputs)
      let results = samples.map { convolve($0, shape, layer, weights, bias) }
      return Activations(samples: results.map(\.0), shape: results[0].1)
    case .linear(let layer):
      let weights = state.take(layer.outputs * samples[0].count)
      let bias =
        layer.bias ? state.take(layer.outputs) : Array(repeating: 0, count: layer.outputs)
      samples = samples.map { values in
        (0..<layer.outputs).map { o in
          values.indices.reduce(bias[o]) { $0 + values[$1] * weights[o * values.count + $1] }
        }
      }
      return Activations(samples: samples, shape: [layer.outputs])
    case .relu:
      return Activations(samples: samples.map { $0.map { max($0, 0) } }, shape: shape)
    case .normalization(let layer):
      return normalize(batch, layer, &state)
    case .residual(let body, let shortcut):
      let one = apply(body, to: batch, &state)
      let other = apply(shortcut, to: batch, &state)
      return Activations(
        samples: zip(one.samples, other.samples).map { zip($0, $1).map { $0 + $1 } },
        shape: one.shape)
    case .maxPooling(let layer):
      let results = samples.map { pool($0, shape, layer) }
      return Activations(samples: results.map(\.0), shape: results[0].1)
    case .averagePooling(let layer):
      let results = samples.map { pool($0, shape, layer, mean: true) }
      return Activations(samples: results.map(\.0), shape: results[0].1)
    case .adaptiveAveragePooling(let rows, let columns):
      samples = samples.map { adapt($0, shape, rows, columns) }
      return Activations(samples: samples, shape: [shape[0], rows, columns])
    case .globalAveragePooling:
      let spatial = samples[0].count / shape[0]
      samples = samples.map { values in
        (0..<shape[0]).map { c in
          values[c * spatial..<(c + 1) * spatial].reduce(0, +) / Double(spatial)
        }
      }
      return Activations(samples: samples, shape: [shape[0]])
    case .dropout(let rate):
      defer { state.dropouts += 1 }
      guard let keeps else { return batch }
      samples = samples.enumerated().map { sample, values in
        values.indices.map {
          keeps(state.dropouts, sample, $0, values.count) ? values[$0] / (1 - rate) : 0
        }
      }
      return Activations(samples: samples, shape: shape)
    case .flatten:
      return Activations(samples: samples, shape: [samples[0].count])
    case .transposedConvolution(let layer):
      let weights = state.take(shape[0] * layer.outputs * layer.window * layer.window)
      let bias =
        layer.bias ? state.take(layer.outputs) : Array(repeating: 0, count: layer.outputs)
      let results = samples.map { spread($0, shape, layer, weights, bias) }
      return Activations(samples: results.map(\.0), shape: results[0].1)
    case .keep(let name):
      state.kept[name] = batch
      return batch
    case .concatenation(let name):
      guard let other = state.kept[name] else { preconditionFailure("\(name) wasn't kept") }
      return Activations(
        samples: zip(other.samples, samples).map { $0 + $1 },
        shape: [other.shape[0] + shape[0]] + shape.dropFirst())
    }
  }

  private func normalize(
    _ batch: Activations, _ layer: NormalizationLayer, _ state: inout State
  ) -> Activations {
    let channels = batch.shape[0], spatial = batch.samples[0].count / channels
    let (scale, shift) = (state.take(channels), state.take(channels))
    var samples = batch.samples
    func normalize(_ places: [(sample: Int, index: Int)]) {
      let values = places.map { batch.samples[$0.sample][$0.index] }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      let deviation = (variance + Double(layer.epsilon)).squareRoot()
      for (place, value) in zip(places, values) {
        let channel = place.index / spatial
        samples[place.sample][place.index] =
          (value - mean) / deviation * scale[channel] + shift[channel]
      }
    }
    switch layer.kind {
    case .group(let groups):
      let size = channels / groups * spatial
      for sample in samples.indices {
        for group in 0..<groups {
          normalize((group * size..<(group + 1) * size).map { (sample, $0) })
        }
      }
    case .batch:
      _ = state.take(2 * channels)
      for channel in 0..<channels {
        normalize(
          samples.indices.flatMap { sample in
            (channel * spatial..<(channel + 1) * spatial).map { (sample, $0) }
          })
      }
    }
    return Activations(samples: samples, shape: batch.shape)
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

  private func spread(
    _ x: [Double], _ shape: [Int], _ layer: TransposedConvolutionLayer, _ w: [Double],
    _ b: [Double]
  ) -> ([Double], [Int]) {
    let k = layer.window
    let size = [1, 2].map { (shape[$0] - 1) * layer.stride - 2 * layer.padding + k }
    let area = size[0] * size[1]
    var y = b.flatMap { Array(repeating: $0, count: area) }
    for c in 0..<shape[0] {
      for r in 0..<shape[1] {
        for s in 0..<shape[2] {
          let value = x[(c * shape[1] + r) * shape[2] + s]
          for o in 0..<layer.outputs {
            for i in 0..<k {
              for j in 0..<k {
                let row = r * layer.stride + i - layer.padding
                let column = s * layer.stride + j - layer.padding
                guard (0..<size[0]).contains(row), (0..<size[1]).contains(column) else { continue }
                y[o * area + row * size[1] + column] +=
                  value * w[((c * layer.outputs + o) * k + i) * k + j]
              }
            }
          }
        }
      }
    }
    return (y, [layer.outputs] + size)
  }

  private func pool(
    _ x: [Double], _ shape: [Int], _ layer: PoolingLayer, mean: Bool = false
  ) -> ([Double], [Int]) {
    let size = [1, 2].map { (shape[$0] + 2 * layer.padding - layer.window) / layer.stride + 1 }
    var y: [Double] = []
    for c in 0..<shape[0] {
      for row in 0..<size[0] {
        for column in 0..<size[1] {
          var values: [Double] = []
          for i in 0..<layer.window {
            for j in 0..<layer.window {
              let (r, s) = (
                row * layer.stride + i - layer.padding, column * layer.stride + j - layer.padding
              )
              guard (0..<shape[1]).contains(r), (0..<shape[2]).contains(s) else { continue }
              values.append(x[(c * shape[1] + r) * shape[2] + s])
            }
          }
          y.append(
            mean ? values.reduce(0, +) / Double(values.count) : values.max() ?? -.infinity)
        }
      }
    }
    return (y, [shape[0]] + size)
  }

  private func adapt(
    _ x: [Double], _ shape: [Int], _ rows: Int, _ columns: Int
  ) -> [Double] {
    var y: [Double] = []
    for c in 0..<shape[0] {
      for i in 0..<rows {
        for j in 0..<columns {
          let (top, bottom) = (i * shape[1] / rows, ((i + 1) * shape[1] + rows - 1) / rows)
          let left = j * shape[2] / columns
          let right = ((j + 1) * shape[2] + columns - 1) / columns
          let values = (top..<bottom).flatMap { r in
            (left..<right).map { x[(c * shape[1] + r) * shape[2] + $0] }
          }
          y.append(values.reduce(0, +) / Double(values.count))
        }
      }
    }
    return y
  }
}
