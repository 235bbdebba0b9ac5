import Measures

/// A direction's profile made ready for computing: one for all clients with the same profile.
///
/// Capacity is counted in bytes since the run's start: what the link could have carried by a time.
public final class LinkModel: Sendable {
  /// The profile from which it was made.
  public let profile: LinkProfile

  let burst: Double
  let delay: VirtualTime
  let jitter: Double
  let roundTrip: VirtualTime
  /// The first retransmission timeout: the round trip and the larger of 200 ms and four jitters.
  let timeout: VirtualTime
  let loss: LossModel?
  /// Bytes per second that loss leaves, infinite without loss.
  let cap: Double
  /// A constant rate in bytes per second, or zero where the trace says it.
  let constant: Double
  /// The trace, cut at the cap.
  let trace: RateTrace?

  /// Readies `profile`, whose `problems` must be empty.
  public init(_ profile: LinkProfile) {
    let problems = profile.problems
    precondition(problems.isEmpty, problems.joined(separator: "; "))
    self.profile = profile
    burst = Double(profile.burst.bytes)
    delay = VirtualTime(profile.delay)
    jitter = profile.jitter.seconds
    roundTrip = VirtualTime(profile.roundTrip)
    timeout = roundTrip + VirtualTime(max(.milliseconds(200), profile.jitter * 4))
    loss = profile.loss.lossRate > 0 ? LossModel(profile.loss) : nil
    cap = profile.congestion.cap(loss: profile.loss, roundTrip: profile.roundTrip)
    switch profile.rate {
    case .constant(let rate):
      constant = rate.bitsPerSecond / 8
      trace = nil
    case .trace(let course):
      constant = 0
      trace = course.capped(at: cap)
    }
  }

  /// The bytes that could have left by `seconds`, with the rate times `factor`.
  func capacity(by seconds: Double, factor: Double) -> Double {
    guard let trace else { return min(constant * factor, cap) * seconds }
    return trace.capacity(by: seconds) * factor
  }

  /// The time at which the capacity reaches `bytes`, in seconds.
  func time(of bytes: Double, factor: Double) -> Double {
    guard let trace else { return bytes / min(constant * factor, cap) }
    return trace.time(of: bytes / factor)
  }
}

/// The effect of loss on the throughput of a stream, besides the bytes sent again.
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

/// The sizes of a TCP segment on Ethernet, in bytes.
///
/// The payload is 1500 less IPv4 (20) and TCP with timestamps (32); Ethernet adds 14.
public enum TCPSegment {
  /// The most stream bytes of one segment.
  public static var payload: Int { 1448 }
  /// The bytes that each segment adds on the link.
  public static var overhead: Int { 66 }
  /// A full segment on the link: what a retransmission costs.
  public static var full: Int { payload + overhead }

  /// The number of segments that carry `bytes`; one carries an empty message.
  public static func count(_ bytes: Int) -> Int { max(1, (bytes + payload - 1) / payload) }
}
