import Wire

/// The rules by which clients report sums over their training samples, of which one normalization
/// is made for all.
package struct MeasuringRules: Hashable, Sendable {
  /// The number of channels.
  package var channels: Int
  /// The values of one sample in each channel: 1, or its pixels.
  package var valuesPerSample: Int
  /// The fewest training samples that a client must have to be asked.
  package var minimumSamples = 1
  /// The fewest clients whose sums make a normalization.
  package var minimumClients = 1

  /// Rules for samples of `channels` channels, each of so many values.
  package init(channels: Int, valuesPerSample: Int) {
    self.channels = channels
    self.valuesPerSample = valuesPerSample
  }

  /// The largest magnitude of a channel's mean, and of its root mean square: what a topology may
  /// give as a mean.
  package static let largestMean = 1e6
  /// The most values of a client in each channel: those of a million clients can be added.
  private static let mostValues = 1 << 42

  /// The fault of a client's sums; nil if there is none.
  ///
  /// `known` is the number of the training samples that it said it has, if it did.
  func problem(of sums: SampleSums, known: Int?) -> String? {
    if sums.samples < minimumSamples {
      return "field samples is \(sums.samples), below \(minimumSamples) "
        + "(evaluation.minimum.samples)"
    }
    if let known, sums.samples > known {
      return "field samples is \(sums.samples), beyond \(known) that the client said in JOIN"
    }
    let (values, overflow) = sums.samples.multipliedReportingOverflow(by: valuesPerSample)
    if overflow || sums.values != values {
      return "field values is \(sums.values); each sample has \(valuesPerSample) in a channel"
    }
    if values > Self.mostValues {
      return "field values is \(sums.values), more than any client has"
    }
    if sums.sums.count != channels || sums.squares.count != channels {
      return "field sums has \(sums.sums.count) numbers, for \(channels) channels"
    }
    if !sums.labels.isEmpty {
      return "field labels has \(sums.labels.count) counts, which the plan doesn't ask for"
    }
    for (channel, (sum, square)) in zip(sums.sums, sums.squares).enumerated() {
      if let problem = problem(of: sum, square, over: Double(values), in: channel) {
        return problem
      }
    }
    return nil
  }

  /// The fault of a channel's sums over so many values.
  private func problem(
    of sum: Double, _ square: Double, over values: Double, in channel: Int
  ) -> String? {
    let most = Self.largestMean
    guard sum.isFinite, sum.magnitude <= most * values else {
      return "field sums has \(sum) for channel \(channel), a mean beyond \(most)"
    }
    guard square.isFinite, square >= 0, square <= most * most * values else {
      return "field squares has \(square) for channel \(channel), a mean square beyond "
        + "\(most * most)"
    }
    // The square of a mean is no more than the mean of squares, but for rounding.
    guard sum * sum <= values * square * (1 + 1e-6) + .leastNormalMagnitude else {
      return "field squares has \(square) for channel \(channel), which no \(values) values with "
        + "the sum \(sum) have"
    }
    return nil
  }
}

extension Members {
  /// True if a client is to be asked for its sums: it is here, and has samples enough as far as is
  /// known.
  func isMeasurable(_ client: Int, _ rules: MeasuringRules) -> Bool {
    guard presence.contains(client), let member = self[client], member.maximalStage != 0 else {
      return false
    }
    return member.samples.map { $0 >= max(1, rules.minimumSamples) } ?? true
  }
}
