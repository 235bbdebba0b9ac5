import Neural
import Tensors

/// Values for the newest block and its head by which they pass on what the old head read.
///
/// The idea is that of Net2Net (Chen, Goodfellow, Shlens, ICLR 2016), for a network that gets a new
/// head as well. The C channels of the old block become the first C of each layer in the new one,
/// the *carried* ones; the others have their usual random values.
struct Continuation {
  /// The number of channels that the old head reads, C.
  let carried: Int
  /// The statistics of the value that the next layer reads.
  var features: FeatureStatistics
  /// The parameters of the block, then of the head; random where nothing is carried.
  var values: ParameterVector
  /// The factor by which the carried channels have been multiplied.
  private var gain: Float = 1

  init(of features: FeatureStatistics, to values: ParameterVector) {
    carried = features.channels.count
    self.features = features
    self.values = values
  }

  /// Sets the parameters of `layers` so that the carried channels stay what they are, or nearly;
  /// false if a layer can't do that.
  ///
  /// A convolution copies the middle of each window, an affine map takes the mean of each channel
  /// (of a vector: the scalar itself), the body of a residual block adds nothing. A normalization
  /// gets back the mean and the variance that it takes away, as far as the old block's own
  /// normalizations tell them. The image's border where it isn't padded, what strides leave out,
  /// the mean of a maximum and a sample's statistics that aren't the usual ones make a difference.
  mutating func carry(through layers: some Sequence<Layer>) -> Bool {
    layers.allSatisfy { layer in
      switch layer {
      case .convolution(let layer): copy(by: layer, channels: carried)
      case .linear(let layer): average(by: layer)
      case .normalization(let layer): restore(after: layer)
      case .relu: rectify()
      case .residual(let body, let shortcut): add(body, to: shortcut)
      case .maxPooling, .averagePooling, .adaptiveAveragePooling, .globalAveragePooling, .dropout,
        .flatten:
        true
      case .transposedConvolution, .keep, .concatenation: false
      }
    }
  }

  /// Makes the head's last layer, `layer`, read what `old` of `oldHead` read, and nothing of the
  /// other channels yet; false if it can't.
  ///
  /// The other channels are learned from as soon as the head's first step has given them weights.
  mutating func read(
    by layer: LinearLayer, as old: LinearLayer, of oldHead: ParameterVector
  ) -> Bool {
    guard layer.outputs == old.outputs, layer.bias || !old.bias else { return false }
    for output in 0..<layer.outputs {
      let row = values.row(output, of: "\(layer.name).weight", count: layer.outputs)
      let known = oldHead.row(output, of: "\(old.name).weight", count: old.outputs)
      let positions = row.count / features.channels.count
      for (place, index) in row.enumerated() {
        let channel = place / positions
        let weight = channel < carried ? oldHead.scalars[known.lowerBound + channel] : 0
        values.scalars[index] = weight / (gain * Float(positions))
      }
    }
    guard layer.bias else { return true }
    let bias = values.range(of: "\(layer.name).bias")
    set(bias, to: 0)
    guard old.bias else { return true }
    values.scalars.replaceSubrange(
      bias, with: oldHead.scalars[oldHead.range(of: "\(old.name).bias")])
    return true
  }

  // MARK: Layers

  /// The first `count` channels are copies of what the windows of `layer` have in their middle.
  private mutating func copy(by layer: ConvolutionLayer, channels count: Int) -> Bool {
    guard layer.outputs >= carried else { return false }
    let area = layer.window * layer.window
    let middle = (layer.window - 1) / 2 * (layer.window + 1)
    for channel in 0..<count {
      let row = values.row(channel, of: "\(layer.name).weight", count: layer.outputs)
      set(row, to: 0)
      values.scalars[row.lowerBound + channel * area + middle] = 1
    }
    if layer.bias { set(first: count, of: "\(layer.name).bias", to: 0) }
    let copies = features.channels.prefix(count)
    features = FeatureStatistics(unknown: layer.outputs)
    features.channels.replaceSubrange(0..<count, with: copies)
    return true
  }

  /// The carried channels' means over all positions, multiplied so that a unit's weights are as
  /// large as usual ones.
  ///
  /// The weights of a mean over many positions are small, and a head that makes up for it is large:
  /// steps would be too long for both.
  private mutating func average(by layer: LinearLayer) -> Bool {
    guard layer.outputs >= carried else { return false }
    let weights = values.row(0, of: "\(layer.name).weight", count: layer.outputs)
    let positions = weights.count / features.channels.count
    // The norm of N weights that are uniform in ±1/√N is 1/√3, that of a mean's
    // 1/√positions.
    let factor = max(1, (Float(positions) / 3).squareRoot())
    for channel in 0..<carried {
      let row = values.row(channel, of: "\(layer.name).weight", count: layer.outputs)
      set(row, to: 0)
      let own = row.lowerBound + channel * positions
      set(own..<own + positions, to: factor / Float(positions))
    }
    if layer.bias { set(first: carried, of: "\(layer.name).bias", to: 0) }
    gain *= factor
    let means = features.channels
    features = FeatureStatistics(unknown: layer.outputs)
    for (channel, mean) in means.prefix(carried).enumerated() {
      // Means vary less than what they are taken of; how much less isn't known.
      features.channels[channel] =
        positions == 1 ? mean : FeatureStatistics.Channel(isNonNegative: mean.isNonNegative)
    }
    let known = means.compactMap(\.moments)
    guard positions == 1, known.count == means.count else { return true }
    let shifts = layer.bias ? values.range(of: "\(layer.name).bias").map { values.scalars[$0] } : []
    for channel in carried..<layer.outputs {
      let row = values.row(channel, of: "\(layer.name).weight", count: layer.outputs)
      let shift = layer.bias ? Double(shifts[channel]) : 0
      features.channels[channel].moments = zip(values.scalars[row], known).reduce(
        Moments(mean: shift, variance: 0)
      ) { $0 + $1.1.scaled(by: Double($1.0)) }
    }
    return true
  }

  private mutating func rectify() -> Bool {
    guard features.channels.prefix(carried).allSatisfy(\.isNonNegative) else { return false }
    for channel in features.channels.indices { features.channels[channel].rectify() }
    return true
  }

  /// Lets `shortcut` pass on the carried channels, to which `body` adds nothing yet.
  private mutating func add(_ body: [Layer], to shortcut: [Layer]) -> Bool {
    var added: Moments?
    switch body.last {
    case .normalization(let layer):
      set(first: carried, of: "\(layer.name).weight", to: 0)
      set(first: carried, of: "\(layer.name).bias", to: 0)
      added = Moments(mean: 0, variance: 1)
    case .convolution(let layer):
      silence(layer.name, outputs: layer.outputs, bias: layer.bias)
    case .linear(let layer):
      silence(layer.name, outputs: layer.outputs, bias: layer.bias)
    // What is 0 before a ReLU would never learn.
    default: return false
    }
    // Unlike a chain's, the convolutions of a shortcut copy all channels that there are.
    let passes = shortcut.allSatisfy { layer in
      guard case .convolution(let layer) = layer else { return carry(through: [layer]) }
      return copy(by: layer, channels: min(features.channels.count, layer.outputs))
    }
    for channel in features.channels.indices.dropFirst(carried) {
      let own = features.channels[channel].moments
      features.channels[channel] = FeatureStatistics.Channel()
      if let own, let added { features.channels[channel].moments = own + added }
    }
    return passes
  }

  /// Makes the carried outputs of the layer called `name` 0.
  private mutating func silence(_ name: String, outputs: Int, bias: Bool) {
    for channel in 0..<carried {
      set(values.row(channel, of: "\(name).weight", count: outputs), to: 0)
    }
    if bias { set(first: carried, of: "\(name).bias", to: 0) }
  }

  // MARK: Normalizations

  /// The scales and shifts that undo `layer` on the carried channels.
  private mutating func restore(after layer: NormalizationLayer) -> Bool {
    let fresh = FeatureStatistics.Channel(moments: Moments(mean: 0, variance: 1))
    let indices = features.channels.indices
    switch layer.kind {
    case .batch:
      for channel in indices {
        guard channel < carried else {
          features.channels[channel] = fresh
          continue
        }
        // Fresh running statistics, too, leave the channel as it is in an evaluation.
        guard let known = features.channels[channel].moments else { continue }
        undo(layer, channel, known)
        set(channel, of: "\(layer.name).running_mean", to: known.mean)
        set(channel, of: "\(layer.name).running_var", to: known.variance)
      }
    case .group(let groups):
      let size = indices.count / groups
      for first in stride(from: 0, to: indices.count, by: size) {
        let group = first..<first + size
        guard first < carried else {
          for channel in group { features.channels[channel] = fresh }
          continue
        }
        let known = features.channels[group].compactMap(\.moments)
        guard known.count == size else { return false }
        let whole = Moments(of: known)
        for channel in group { undo(layer, channel, whole) }
      }
    }
    return true
  }

  /// Sets the scale and the shift of a channel whose mean and variance become 0 and 1.
  private mutating func undo(_ layer: NormalizationLayer, _ channel: Int, _ moments: Moments) {
    let scale = (moments.variance + Double(layer.epsilon)).squareRoot()
    set(channel, of: "\(layer.name).weight", to: scale)
    set(channel, of: "\(layer.name).bias", to: moments.mean)
  }

  // MARK: Scalars

  private mutating func set(_ range: Range<Int>, to value: Float) {
    for index in range { values.scalars[index] = value }
  }

  private mutating func set(first count: Int, of name: String, to value: Float) {
    set(values.range(of: name).prefix(count), to: value)
  }

  private mutating func set(_ index: Int, of name: String, to value: Double) {
    values.scalars[values.range(of: name).lowerBound + index] = Float(value)
  }
}
