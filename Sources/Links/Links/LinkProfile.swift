public import Measures

/// One direction of a link: what a topology says about it.
///
/// In the order in which a message meets them: the queue, the token bucket, loss, the delay.
public struct LinkProfile: Hashable, Sendable {
  /// The rate at which the queue drains.
  public var rate: LinkRate
  /// The depth of the token bucket: what may leave at once after a pause.
  public var burst: ByteCount
  /// The limit of what may wait; without it any number of bytes waits.
  public var queue: QueueLimit?
  /// The one-way propagation delay.
  public var delay: Duration
  /// The delay varies evenly by at most this much both ways, but never below zero.
  public var jitter: Duration
  /// The segments that are lost.
  public var loss: GilbertElliott
  /// The delay of both directions, which decides how long a repair takes.
  public var roundTrip: Duration
  /// The effect of loss on throughput.
  public var congestion: CongestionModel
  /// The bytes that each segment takes from the rate besides its stream bytes: zero where the rate
  /// is that of the stream, `TCPSegment.overhead` where it is that of Ethernet frames.
  public var segmentOverhead: ByteCount

  /// A direction of `rate` and `delay`; a round trip that isn't given is twice the delay.
  public init(
    rate: LinkRate,
    burst: ByteCount = .zero,
    queue: QueueLimit? = nil,
    delay: Duration = .zero,
    jitter: Duration = .zero,
    loss: GilbertElliott = .none,
    roundTrip: Duration? = nil,
    congestion: CongestionModel = .mathis,
    segmentOverhead: ByteCount = .zero
  ) {
    self.rate = rate
    self.burst = burst
    self.queue = queue
    self.delay = delay
    self.jitter = jitter
    self.loss = loss
    self.roundTrip = roundTrip ?? delay * 2
    self.congestion = congestion
    self.segmentOverhead = segmentOverhead
  }

  /// The mean rate that a long transfer reaches under loss, repairs not yet subtracted.
  public var sustainedRate: Bandwidth {
    let cap = congestion.cap(loss: loss, roundTrip: roundTrip)
    return Bandwidth(bitsPerSecond: min(rate.mean.bitsPerSecond, 8 * cap))
  }

  /// Everything wrong with the values, one sentence each, for whoever wrote them.
  public var problems: [String] {
    var problems: [String] = []
    if case .constant(let rate) = rate, !(1...1e15).contains(rate.bitsPerSecond) {
      problems.append("a rate of \(rate.bitsPerSecond) bit/s is not in 1…10¹⁵")
    }
    for (name, bytes) in [
      ("burst", burst.bytes), ("queue limit", queue?.bytes.bytes ?? 0),
      ("segment overhead", segmentOverhead.bytes),
    ] where !(0...1_000_000_000_000).contains(bytes) {
      problems.append("a \(name) of \(bytes) bytes is not in 0…10¹²")
    }
    for (name, time) in [("delay", delay), ("jitter", jitter), ("round trip", roundTrip)]
    where !(.zero ... .seconds(3600)).contains(time) {
      problems.append("a \(name) of \(time.seconds) s is not in 0…3600 s")
    }
    if !loss.isValid { problems.append("the loss probabilities are not all in 0…1") }
    return problems
  }
}

/// The rate at which one direction of a link drains its queue.
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

/// The limit of bytes that wait in front of a link, and the fate of a message that finds no place.
///
/// A message always enters an empty queue, so that one larger than the limit isn't stuck for ever.
public struct QueueLimit: Hashable, Sendable {
  /// The fate of a message that finds no place.
  public enum Policy: String, CaseIterable, Hashable, Sendable {
    /// It is dropped, as a PUB socket does at its high-water mark.
    case dropTail
    /// The sender has to keep it and try again, as a PUSH socket or a TCP window makes it do.
    case backPressure
  }

  /// The most bytes that wait.
  public var bytes: ByteCount
  /// The fate of a message beyond the limit.
  public var policy: Policy

  /// A queue of at most `bytes`.
  public init(_ bytes: ByteCount, _ policy: Policy) {
    self.bytes = bytes
    self.policy = policy
  }
}
