import Neural
import Tensors

/// The statistics of a value's channels that are known without any data.
///
/// Behind a normalization a channel has its shift for mean and its scale squared for variance; from
/// there on channels are taken for normal, and for independent where they are added. That is rough,
/// but all that a broker has.
struct FeatureStatistics {
  /// The statistics of one channel.
  struct Channel {
    /// The moments, nil where they aren't known.
    var moments: Moments?
    /// True if no scalar is below 0.
    var isNonNegative = false

    /// The statistics behind a ReLU.
    mutating func rectify() {
      guard !isNonNegative else { return }
      moments = moments?.rectified
      isNonNegative = true
    }
  }

  /// The channels, C of them.
  var channels: [Channel]

  /// Those of `count` channels of which nothing is known.
  init(unknown count: Int) { channels = Array(repeating: Channel(), count: count) }

  /// Takes the statistics through `layers`, whose parameters are `values`.
  mutating func pass(_ layers: [Layer], of values: ParameterVector) {
    for layer in layers {
      switch layer {
      case .convolution(let layer): self = FeatureStatistics(unknown: layer.outputs)
      case .transposedConvolution(let layer): self = FeatureStatistics(unknown: layer.outputs)
      case .linear(let layer): self = FeatureStatistics(unknown: layer.outputs)
      case .normalization(let layer):
        let scales = values.scalars[values.range(of: "\(layer.name).weight")]
        let shifts = values.scalars[values.range(of: "\(layer.name).bias")]
        channels = zip(shifts, scales).map {
          Channel(moments: Moments(mean: Double($0), variance: Double($1) * Double($1)))
        }
      case .relu:
        for index in channels.indices { channels[index].rectify() }
      case .residual(let body, let shortcut):
        var other = self
        pass(body, of: values)
        other.pass(shortcut, of: values)
        add(other)
      case .concatenation: self = FeatureStatistics(unknown: channels.count)
      case .maxPooling, .averagePooling, .adaptiveAveragePooling, .globalAveragePooling, .dropout,
        .flatten, .keep:
        // The mean of a maximum is larger; by how much depends on the images.
        continue
      }
    }
  }

  private mutating func add(_ other: FeatureStatistics) {
    channels = zip(channels, other.channels).map { one, other in
      var sum = Channel(isNonNegative: one.isNonNegative && other.isNonNegative)
      if let one = one.moments, let other = other.moments { sum.moments = one + other }
      return sum
    }
  }
}

extension ParameterVector {
  /// The places of the scalars of the parameter called `name`.
  func range(of name: String) -> Range<Int> {
    guard let index = layout.parameters.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("\(layout.name) has no parameter \(name)")
    }
    return layout.range(of: index)
  }

  /// The places of the scalars by which the parameter called `name` makes output `output` of
  /// `count`.
  func row(_ output: Int, of name: String, count: Int) -> Range<Int> {
    let whole = range(of: name)
    let length = whole.count / count
    let begin = whole.lowerBound + output * length
    return begin..<begin + length
  }
}
