public import Measures

/// One direction of one client's link, or a bottleneck that many share in order of arrival.
///
/// A state machine over the run's time: a simulator asks it when a message arrives, a relay how
/// long to hold the bytes that it read. It needs the same memory whatever passes, and what it
/// answers is a function of the stream, the messages and their times. Times must not go back; one
/// that does counts as the latest seen.
///
/// The model: a token bucket of the profile's rate and burst serves messages in order. Each segment
/// of a message is lost with the Gilbert–Elliott chain; what was lost is sent again at the cost of
/// a full segment, in generations, until all is there. That takes capacity, and holds the message
/// back by a round trip (or a timeout, where too few segments followed to give the loss away), then
/// by doubled timeouts, but it doesn't block the link for the messages behind. After sixteen
/// generations the connection is reset, as TCP gives up. Delay and jitter come last and never
/// reorder.
public struct Link: Sendable {
  /// The profile made ready, shared with all links of the same profile.
  public let model: LinkModel

  let random: RandomStream
  /// Bytes accepted since the run's start, in the model's capacity: ahead of it where bytes wait.
  var work = 0.0
  /// The factor to the profile's rate.
  var factor = 1.0
  var now = VirtualTime.zero
  var lastArrival = VirtualTime.zero
  var stalledUntil = VirtualTime.zero
  /// The length of all stalls so far.
  var stalled = VirtualTime.zero
  var cutAt = VirtualTime.zero
  var messages: UInt64 = 0
  var segments: UInt64 = 0
  var repairs: UInt64 = 0
  /// Messages before this one were lost if they had not arrived at the last cut.
  var firstAlive: UInt64 = 0
  var dead: Disconnect?
  var isPathUp = true
  var isBad = false

  /// An idle link whose chance comes from `random`: one stream per client and direction.
  public init(_ model: LinkModel, random: RandomStream) {
    self.model = model
    self.random = RandomStream(key: random.key)
    isBad = model.loss?.isBad(self.random, LinkChance.states &- 1) ?? false
  }

  /// Hands over a message of `size` stream bytes.
  public mutating func send(_ size: ByteCount, at time: Duration) -> Delivery {
    send(size, firstByteAt: time, lastByteAt: time)
  }

  /// Hands over a message whose bytes come in over a time, from the link before this one.
  ///
  /// For paths of several links: the first byte may leave before the last one is here, so that a
  /// chain of links takes as long as its slowest and not as the sum of all.
  public mutating func send(
    _ size: ByteCount, firstByteAt first: Duration, lastByteAt last: Duration
  ) -> Delivery {
    precondition((0...1 << 50).contains(size.bytes), "a message of \(size.bytes) bytes")
    now = max(now, VirtualTime(first))
    if let dead {
      return dead.isNoticed && now >= cutAt + model.delay ? .disconnected : .vanished
    }
    let served = model.capacity(by: now.seconds, factor: factor)
    if let refusal = refusal(of: size, served: served) { return refusal }
    guard let repair = transmit(TCPSegment.count(size.bytes)) else { return .vanished }

    let earliest = max(work, served)
    let count = TCPSegment.count(size.bytes)
    work =
      earliest + Double(size.bytes)
      + Double(count) * Double(model.profile.segmentOverhead.bytes)
      + Double(repair.retransmitted * TCPSegment.full)
    let started = departure(of: earliest)
    let departed = max(departure(of: work), VirtualTime(last))
    let arrival = max(departed, repaired(repair, of: count, from: started, to: departed))
    lastArrival = max(lastArrival, arrival + delay())
    defer { messages += 1 }
    return .carried(
      Transit(
        index: messages, sent: now.duration, started: started.duration,
        departed: departed.duration, arrival: lastArrival.duration, size: size, segments: count,
        retransmitted: repair.retransmitted, stalled: stalled))
  }

  /// Hands over what comes from another link, as its bytes come in.
  ///
  /// Where several links feed this one, do it in the order of their messages' `firstArrival`.
  public mutating func forward(_ transit: Transit) -> Delivery {
    send(transit.size, firstByteAt: transit.firstArrival, lastByteAt: transit.arrival)
  }

  /// The bytes that wait for the link at a time that isn't before the last message's.
  public func waiting(at time: Duration) -> ByteCount {
    let seconds = max(now, VirtualTime(time)).seconds
    return ByteCount(Int(waiting(served: model.capacity(by: seconds, factor: factor)).rounded(.up)))
  }

  private func waiting(served: Double) -> Double {
    // What a capacity of 10¹³ bytes loses to rounding isn't waiting.
    let bytes = work - model.burst - served
    return bytes > 1e-3 ? min(bytes, 1e18) : 0
  }

  private func refusal(of size: ByteCount, served: Double) -> Delivery? {
    guard let limit = model.profile.queue else { return nil }
    let waiting = waiting(served: served)
    guard waiting > 0, waiting + Double(size.bytes) > Double(limit.bytes.bytes) else { return nil }
    switch limit.policy {
    case .dropTail: return .dropped(waiting: ByteCount(Int(waiting.rounded(.up))))
    case .backPressure:
      let place = Double(max(0, limit.bytes.bytes - size.bytes))
      let next = VirtualTime(nanoseconds: now.nanoseconds + 1)
      return .refused(until: max(next, departure(of: work - place)).duration)
    }
  }

  /// The time at which the bucket has let `bytes` pass.
  private func departure(of bytes: Double) -> VirtualTime {
    let time = model.time(of: bytes - model.burst, factor: factor)
    return max(now, stalledUntil, VirtualTime(seconds: time))
  }

  private func delay() -> VirtualTime {
    guard model.jitter > 0 else { return model.delay }
    let uniform = Double(random.value(at: LinkChance.jitters &+ messages) >> 11) * 0x1p-52 - 1
    return max(.zero, model.delay + VirtualTime(seconds: uniform * model.jitter))
  }
}
