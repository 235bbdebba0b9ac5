import Measures

/// What loss does to the throughput of a stream, besides the bytes sent again.
public enum CongestionModel: String, CaseIterable, Hashable, Sendable {
  /// A cap of 1.22 · MSS / (RTT · √p), with p the loss events per segment (Mathis et al. 1997).
  ///
  /// A model of Reno-like senders that are always busy; BBR is faster.
  case mathis
  /// The sender ignores loss, as BBR nearly does.
  case unlimited

  /// The cap in bytes per second; infinite where there is none.
  func cap(loss: GilbertElliott, roundTrip: Duration) -> Double {
    let events = loss.eventRate
    guard self == .mathis, events > 0, roundTrip > .zero else { return .infinity }
    return 1.22 * Double(TCPSegment.payload) / (roundTrip.seconds * events.squareRoot())
  }
}
