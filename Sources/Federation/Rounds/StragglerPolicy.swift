/// The treatment of updates that come after their round has ended.
public enum StragglerPolicy: Hashable, Sendable {
  /// They are refused.
  case discard
  /// They count in the round that is open then, with a weight that falls with their staleness τ.
  ///
  /// The weight is multiplied by (1 + τ)^-½, τ being the rounds since the one for which they
  /// were trained; at most `maximalStaleness`, else they are refused.
  case nextRound(maximalStaleness: Int)
  /// Buffered asynchronous aggregation (FedBuff; Nguyen et al., AISTATS 2022).
  ///
  /// A round ends with the update number `size`, whatever round it was trained for; whoever is done
  /// is replaced at once, so that always as many clients work as are asked in a round. The mean's
  /// divisor doesn't fall with staleness, so that stale buffers make smaller steps.
  case buffered(size: Int, maximalStaleness: Int)

  /// The most rounds by which an update may be late: 0 if only those of the open round count.
  public var maximalStaleness: Int {
    switch self {
    case .discard: 0
    case .nextRound(let staleness), .buffered(_, let staleness): staleness
    }
  }

  /// The number of updates, of any round, that ends a round; nil unless updates are buffered.
  var bufferSize: Int? {
    guard case .buffered(let size, _) = self else { return nil }
    return size
  }

  /// True if staleness makes steps smaller, instead of an update's share alone.
  var dampsStaleSteps: Bool { bufferSize != nil }
}
