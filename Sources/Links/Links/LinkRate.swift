public import Measures

/// How fast one direction of a link drains its queue.
public enum LinkRate: Hashable, Sendable {
  /// The same rate for the whole run.
  case constant(Bandwidth)
  /// A recorded or designed course of the rate, repeated when it ends.
  case trace(RateTrace)

  /// The rate averaged over one period.
  public var mean: Bandwidth {
    switch self {
    case .constant(let rate): rate
    case .trace(let trace): trace.mean
    }
  }
}
