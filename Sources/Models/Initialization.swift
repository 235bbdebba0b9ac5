import Bytes
public import Measures
public import Tensors

extension ParameterVector {
  /// Fresh values by each parameter's rule; the usual ones are as PyTorch draws them by default.
  ///
  /// Weights and biases are uniform in ±1/√fan-in, the fan-in being the product of the weight's
  /// extents but the first (He et al., 2015, with a = √5), also of a transposed convolution;
  /// scales are 1, shifts are 0, running means 0 and running variances 1. Each parameter draws from
  /// a stream of its own name.
  public init(initializing layout: ParameterLayout, random: RandomStream) {
    var scalars: [Float] = []
    scalars.reserveCapacity(layout.count)
    var fanIn = 1
    for parameter in layout.parameters {
      if parameter.role == .weight {
        fanIn = parameter.shape.dimensions.dropFirst().reduce(1, *)
      }
      let count = parameter.shape.count
      switch parameter.rule(fanIn: fanIn) {
      case .uniform(let fanIn):
        let bound = 1 / Double(fanIn).squareRoot()
        var stream = random.stream(parameter.name)
        for _ in 0..<count { scalars.append(Float((2 * stream.uniform() - 1) * bound)) }
      case .normal(let deviation):
        var stream = random.stream(parameter.name)
        for _ in 0..<count { scalars.append(Float(stream.normal() * deviation)) }
      case .ones: scalars += Array(repeating: 1, count: count)
      case .zeros, .usual: scalars += Array(repeating: 0, count: count)
      }
    }
    self.init(layout: layout, scalars: scalars)
  }
}

extension Parameter {
  /// The rule of its first values, in other words than "usual"; `fanIn` is that of the weight
  /// before it, or its own.
  func rule(fanIn: Int) -> InitialValues {
    guard initial == .usual else { return initial }
    return switch role {
    case .weight, .bias: .uniform(fanIn: fanIn)
    case .scale: name.hasSuffix("bias") ? .zeros : .ones
    case .buffer: name.hasSuffix("var") ? .ones : .zeros
    }
  }
}

extension Architecture {
  /// Fresh values for every segment of a stage, each from a stream of its own name.
  public func initialize(
    stage: Int, supervision: Supervision = .newest, random: RandomStream
  ) -> [ParameterVector] {
    layouts(stage: stage, supervision: supervision).map {
      ParameterVector(initializing: $0, random: random.stream($0.name))
    }
  }

  /// Fresh values for one segment of a stage, equal to those of `initialize(stage:random:)`.
  public func initialize(
    segment: Int, stage: Int, supervision: Supervision = .newest, random: RandomStream
  ) -> ParameterVector {
    let layout = layouts(stage: stage, supervision: supervision)[segment]
    return ParameterVector(initializing: layout, random: random.stream(layout.name))
  }
}

/// The values that a segment is initialized with, told by what they are drawn from: whoever has
/// these eight bytes draws them for itself.
public struct FreshValues: Hashable, Sendable {
  /// The number of bytes that they take.
  public static let byteCount = 8

  /// The key that they are drawn from.
  public let random: RandomStream

  /// The values drawn from `random`.
  public init(random: RandomStream) { self.random = random }

  /// The key of `bytes`; nil unless there are eight.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let key = UInt64(littleEndianBytes: bytes) else { return nil }
    random = RandomStream(key: key)
  }

  /// The key of what they are drawn from, the lowest byte first.
  public var bytes: [UInt8] { random.key.littleEndianBytes }

  /// The values of the segment.
  public func values(of layout: ParameterLayout) -> ParameterVector {
    ParameterVector(initializing: layout, random: random)
  }
}
