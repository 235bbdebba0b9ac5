import Measures

extension Link {
  /// True if a message sent now would go into a living connection.
  public var isConnected: Bool { dead == nil }

  /// Ends the connection; what was on its way is lost unless the end is clean.
  ///
  /// The simulator learns of the loss when it asks `confirm` at the planned arrival.
  public mutating func cut(_ disconnect: Disconnect, at time: Duration) {
    let time = VirtualTime(time)
    dead = disconnect
    isPathUp = disconnect.allowsReconnect
    cutAt = max(now, time)
    guard disconnect.losesInFlight else { return }
    firstAlive = messages
    work = 0  // the queue went with the connection
    lastArrival = .zero
  }

  /// Makes the way passable again; the connection stays dead until someone reconnects.
  public mutating func restore() { isPathUp = true }

  /// Starts a new connection; false while the way is impassable.
  ///
  /// The handshake's round trips and bytes are the caller's.
  public mutating func reconnect(at time: Duration) -> Bool {
    guard isPathUp else { return false }
    now = max(now, VirtualTime(time))
    dead = nil
    return true
  }

  /// Lets nothing through until a time, without loss: an outage that the connection survives.
  public mutating func stall(at time: Duration, until end: Duration) {
    now = max(now, VirtualTime(time))
    let start = max(now, stalledUntil)
    let end = VirtualTime(end)
    guard end > start else { return }
    let waiting = max(0, work - model.capacity(by: start.seconds, factor: factor))
    work = model.capacity(by: end.seconds, factor: factor) + waiting
    if lastArrival >= now { lastArrival = lastArrival + (end - start) }
    stalled = stalled + (end - start)
    stalledUntil = end
  }

  /// From now on multiplies the profile's rate with `factor`, 1 to undo it.
  ///
  /// Messages that were handed over keep their times, and bytes that wait go on waiting. A constant
  /// rate is multiplied before, a trace after the cap that loss sets.
  public mutating func scaleRate(by factor: Double, at time: Duration) {
    precondition((1e-9...1e9).contains(factor), "a rate times \(factor); stall or cut the link")
    now = max(now, VirtualTime(time))
    let seconds = now.seconds
    let waiting = max(0, work - model.capacity(by: seconds, factor: self.factor))
    work = model.capacity(by: seconds, factor: factor) + waiting
    self.factor = factor
  }

  /// Says at the planned arrival of a message whether cuts and stalls since let it be.
  public func confirm(_ transit: Transit) -> Confirmation {
    if transit.index < firstAlive { return .lost }
    guard transit.stalled < stalled else { return .arrived }
    var later = transit
    later.arrival += (stalled - transit.stalled).duration
    later.stalled = stalled
    return .later(later)
  }
}
