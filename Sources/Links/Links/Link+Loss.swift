import Measures

extension Link {
  /// The repairs that brought all segments of a message through.
  struct Repair {
    /// The last segment that was lost the first time.
    var lastLost = 0
    /// The number of segments sent again, in all generations.
    var retransmitted = 0
    /// The number of times that something had to be sent again.
    var generations = 0
  }

  /// The retransmissions after which TCP gives up, as Linux's tcp_retries2 has it.
  private static var patience: Int { 15 }

  /// The longest retransmission timeout.
  private static var longestTimeout: VirtualTime { VirtualTime(.seconds(120)) }

  /// Sends `count` segments until none is lost; nil where the connection died of it.
  ///
  /// Repairs don't move the chain of the first transmissions.
  mutating func transmit(_ count: Int) -> Repair? {
    guard let loss = model.loss else {
      segments &+= UInt64(count)
      return Repair()
    }
    let first = loss.send(
      count, from: LinkChance.segments &+ segments, isBad: &isBad, random)
    segments &+= UInt64(count)
    var repair = Repair(lastLost: first.last)
    var left = first.lost
    while left > 0 {
      repair.generations += 1
      repair.retransmitted += left
      guard repair.generations <= Self.patience else {
        cut(.reset, at: (now + backoff(timeouts: repair.generations)).duration)
        return nil
      }
      // A repair comes a round trip later at least, when the chain has forgotten its state.
      var isBad = loss.isBad(random, LinkChance.states &+ repairs)
      let sent = left
      left = loss.send(sent, from: LinkChance.repairs &+ repairs, isBad: &isBad, random).lost
      repairs &+= UInt64(sent)
    }
    return repair
  }

  /// The end of the last repair of a message whose segments leave evenly over a time.
  func repaired(
    _ repair: Repair, of count: Int, from started: VirtualTime, to departed: VirtualTime
  ) -> VirtualTime {
    guard repair.generations > 0 else { return started }
    let share = Double(repair.lastLost + 1) / Double(count)
    let lostAt = started + VirtualTime(seconds: (departed - started).seconds * share)
    // Three segments behind a lost one give it away; else only the timeout does (RFC 5681, 3.2).
    let isTail = count - repair.lastLost <= 3
    guard !isTail else { return lostAt + backoff(timeouts: repair.generations) }
    return lostAt + model.roundTrip + backoff(timeouts: repair.generations - 1)
  }

  /// So many timeouts in a row, each twice the one before (RFC 6298, 5.5).
  private func backoff(timeouts: Int) -> VirtualTime {
    var total = VirtualTime.zero
    var timeout = model.timeout
    for _ in 0..<timeouts {
      total = total + min(timeout, Self.longestTimeout)
      timeout = timeout + timeout
    }
    return total
  }
}
