/// The one tick that a machine has waiting in a queue of events.
///
/// A queue doesn't give back what was inserted; so each tick has a number, and those that were
/// replaced are void.
///
/// ```swift
/// if let number = tick.set(for: host.wakeTime.map(queue.moment(of:))) {
///   queue.insert(.wake(number), at: moment)
/// }
/// …
/// case .wake(let number): if tick.fires(number) { host.handle(.tick, at: queue.now, …) }
/// ```
package struct PendingTick: Hashable, Sendable {
  /// The moment at which the tick is queued; nil where none is.
  package internal(set) var time: Duration?
  var number: UInt64 = 0

  /// No tick.
  package init() {}

  /// Makes `time` the moment of the tick, or has none where it is nil.
  ///
  /// - Returns: The number of the tick that is to be queued for then; nil if none is, or it is
  ///   queued already.
  package mutating func set(for time: Duration?) -> UInt64? {
    guard let time else {
      number += 1
      self.time = nil
      return nil
    }
    guard time != self.time else { return nil }
    number += 1
    self.time = time
    return number
  }

  /// Takes the tick of a number out of the queue: true if it is the one that is waited for, false
  /// if it is void.
  package mutating func fires(_ number: UInt64) -> Bool {
    guard number == self.number, time != nil else { return false }
    time = nil
    return true
  }
}
