import Foundation
public import Measures

/// A kind of device: what a topology says about a group of clients.
public struct DeviceProfile: Hashable, Sendable {
  /// The training speed of the typical device.
  public var speed: ComputeSpeed
  /// The distribution of speeds among devices, as factors to `speed`.
  public var speedFactor: Distribution
  /// The memory for training, which caps the stage; without it any stage fits.
  public var memory: ByteCount?
  /// The times when one can take part.
  public var availability: AvailabilityProfile
  /// The probability of dropping out in the middle of a round.
  public var dropOut: Double
  /// The times when they join and leave.
  public var lifetime: Lifetime

  /// A device that, by default, is always there and has memory enough.
  public init(
    speed: ComputeSpeed, speedFactor: Distribution = .constant(1), memory: ByteCount? = nil,
    availability: AvailabilityProfile = .always, dropOut: Double = 0,
    lifetime: Lifetime = Lifetime()
  ) {
    self.speed = speed
    self.speedFactor = speedFactor
    self.memory = memory
    self.availability = availability
    self.dropOut = dropOut
    self.lifetime = lifetime
  }

  /// The deepest stage (from 0) whose training fits the memory, given what each stage needs; nil if
  /// not even the first does.
  public func deepestStage(memory needs: [ByteCount]) -> Int? {
    guard let memory else { return needs.indices.last }
    return needs.lastIndex { $0 <= memory }
  }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    var problems = availability.problems
    switch speed {
    case .samplesPerSecond(let rate), .flopsPerSecond(let rate):
      if !(rate > 0 && rate.isFinite) { problems.append("a speed of \(rate) isn't positive") }
    }
    if let memory, memory.bytes <= 0 {
      problems.append("a memory of \(memory.bytes) bytes isn't positive")
    }
    if !(0...1).contains(dropOut) {
      problems.append("a drop-out probability of \(dropOut) is not in 0…1")
    }
    if let leaves = lifetime.leaves, leaves <= lifetime.joins {
      problems.append("leaving isn't after joining")
    }
    return problems
  }
}

/// The training speed of a device.
public enum ComputeSpeed: Hashable, Sendable {
  /// Training samples per second with the full model; a smaller sub-model goes faster in proportion
  /// to its floating-point operations.
  case samplesPerSecond(Double)
  /// Floating-point operations per second, forward and backward counted.
  case flopsPerSecond(Double)

  /// The time in which a device `factor` times as fast trains samples of a sub-model.
  ///
  /// - Parameters:
  ///   - samples: the samples times the epochs.
  ///   - flopsPerSample: the operations of one sample in the sub-model, forward and backward.
  ///   - fullFlopsPerSample: the same in the full model.
  ///   - factor: how much faster this device is.
  /// - Returns: the time, rounded to nanoseconds.
  public func time(
    forSamples samples: Int, flopsPerSample: Double, fullFlopsPerSample: Double,
    factor: Double = 1
  ) -> Duration {
    let seconds =
      switch self {
      case .samplesPerSecond(let rate):
        Double(samples) / rate * (flopsPerSample / fullFlopsPerSample)
      case .flopsPerSecond(let rate): Double(samples) * flopsPerSample / rate
      }
    return VirtualTime(seconds: seconds / factor).duration
  }
}

/// The distribution of a positive quantity among clients.
public enum Distribution: Hashable, Sendable {
  /// All have the same.
  case constant(Double)
  /// Evenly between two bounds.
  case uniform(ClosedRange<Double>)
  /// Normal, cut at a tenth of the mean from below.
  case normal(mean: Double, deviation: Double)
  /// Log-normal: half have less than the median; sigma is the deviation of the logarithm.
  case logNormal(median: Double, sigma: Double)

  /// Draws one client's quantity.
  public func sample(using random: inout RandomStream) -> Double {
    switch self {
    case .constant(let value): value
    case .uniform(let bounds):
      bounds.lowerBound + random.uniform() * (bounds.upperBound - bounds.lowerBound)
    case .normal(let mean, let deviation): max(mean / 10, mean + deviation * random.normal())
    case .logNormal(let median, let sigma): median * exp(sigma * random.normal())
    }
  }
}

/// The time that a device belongs to the fleet: late joining and leaving for good.
public struct Lifetime: Hashable, Sendable {
  /// The time at which it joins.
  public var joins: Duration
  /// The time at which it leaves for good, if ever.
  public var leaves: Duration?

  /// From one time to another, by default the whole run.
  public init(joins: Duration = .zero, leaves: Duration? = nil) {
    self.joins = joins
    self.leaves = leaves
  }

  /// True if it belongs to the fleet at a time.
  public func contains(_ time: Duration) -> Bool {
    time >= joins && leaves.map { time < $0 } ?? true
  }

  /// The first time after `time` at which it joins or leaves.
  public func nextChange(after time: Duration) -> Duration? {
    if joins > time, leaves.map({ joins < $0 }) ?? true { return joins }
    guard let leaves, leaves > time, leaves > joins else { return nil }
    return leaves
  }
}
