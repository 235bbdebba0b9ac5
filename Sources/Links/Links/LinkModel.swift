import Measures

/// A direction's profile made ready for computing: one for all clients with the same profile.
///
/// Capacity is counted in bytes since the run's start: what the link could have carried by a time.
public final class LinkModel: Sendable {
  /// What it was made of.
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

  /// When the capacity reaches `bytes`, in seconds.
  func time(of bytes: Double, factor: Double) -> Double {
    guard let trace else { return bytes / min(constant * factor, cap) }
    return trace.time(of: bytes / factor)
  }
}
