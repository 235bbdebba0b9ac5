package import Wire

/// The samples that a client has to train on and to evaluate with, as far as they are known.
package enum ClientHolding: Hashable, Sendable {
  /// Samples that it was dealt, as the broker knows by itself.
  case dealt(samples: Int)
  /// Samples of its own, which it tells the broker the number of.
  case own(SampleCounts)
  /// None of its own that are of use: it declines for this reason.
  case unusable(DeclineReason, detail: String)

  /// The numbers that the client says when it joins; nil where the broker knows.
  package var counts: SampleCounts? {
    switch self {
    case .dealt: nil
    case .own(let counts): counts
    case .unusable: SampleCounts(training: 0, heldOut: 0)
    }
  }

  /// True if the broker must be told of samples that have changed.
  ///
  /// It learns the new numbers before any offer of an update that was trained on them, and asks a
  /// client again that declined for want of samples.
  func isNews(after old: ClientHolding?) -> Bool {
    guard let old, old != self, case .own = self else { return false }
    return true
  }

  /// The reason for which it can't train; nil where it can.
  var lack: (reason: DeclineReason, detail: String)? {
    switch self {
    case .dealt(samples: 0): (.noData, "it has no samples")
    case .dealt: nil
    case .own(let counts) where counts.training == 0:
      (.noData, "it has no samples to train on, and \(counts.heldOut) held out")
    case .own: nil
    case .unusable(let reason, let detail): (reason, detail)
    }
  }
}

/// The numbers of a client's own samples.
package struct SampleCounts: Hashable, Sendable {
  /// The number of those that it trains on.
  package var training: Int
  /// The number of those that it never trains on.
  package var heldOut: Int
  /// The number of samples of each label that it trains on; empty where that isn't told.
  package var labels: [Int]

  /// So many samples.
  package init(training: Int, heldOut: Int, labels: [Int] = []) {
    self.training = training
    self.heldOut = heldOut
    self.labels = labels
  }
}
