/// How fast a device trains.
public enum ComputeSpeed: Hashable, Sendable {
  /// Training samples per second with the full model; a smaller sub-model goes faster in proportion
  /// to its floating-point operations.
  case samplesPerSecond(Double)
  /// Floating-point operations per second, forward and backward counted.
  case flopsPerSecond(Double)

  /// How long a device `factor` times as fast needs for training samples of a sub-model.
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
