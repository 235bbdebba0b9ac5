/// Passes messages on between two sockets, as a relay does (zmq_proxy(3)).
///
/// XSUB and XPUB relay a broadcast with its subscriptions, PULL and PUSH relay a collection. Reads
/// from one side only what the other can take, so that pressure from behind reaches the senders.
package struct Forwarder: Sendable {
  /// The limits of a message; larger ones are dropped and counted.
  package var limits: ReceiveLimits
  /// Messages passed on.
  package private(set) var forwarded = 0
  /// Messages beyond the limits, not admitted, or without a receiver in the end.
  package private(set) var dropped = 0

  /// A reason for which a message is dropped, beside that it isn't admitted.
  package enum Drop: Hashable, Sendable {
    /// It is beyond the limits.
    case beyondLimits
    /// Nobody takes it at the other end.
    case withoutReceiver
  }

  /// A relay that has passed nothing on yet.
  package init(limits: ReceiveLimits = ReceiveLimits()) { self.limits = limits }

  /// Relays until `stop` is signalled; only what `admits` admits, and tells `drops` what else isn't
  /// passed on.
  ///
  /// - Throws: `.contextTerminated` when the context is shut down.
  package mutating func run(
    between front: borrowing Socket, and back: borrowing Socket, until stop: Wakeup,
    admits: (Message) -> Bool = { _ in true }, drops: (Drop) -> Void = { _ in }
  ) throws(ZMQError) {
    var poller = Poller()
    let stopToken = poller.add(stop)
    let frontToken = poller.add(front)
    let backToken = poller.add(back)
    while true {
      _ = try poller.wait(atMost: nil)
      if poller.isReadable(stopToken) { return }
      let isBackFull = try pass(from: front, to: back, admits, drops)
      let isFrontFull = try pass(from: back, to: front, admits, drops)
      poller.watch(frontToken, for: Self.interest(isFull: isFrontFull, isOtherFull: isBackFull))
      poller.watch(backToken, for: Self.interest(isFull: isBackFull, isOtherFull: isFrontFull))
    }
  }

  /// The event to wait for at a socket: room, where it is full; messages, where the other has room
  /// for them.
  private static func interest(isFull: Bool, isOtherFull: Bool) -> Readiness {
    var interest: Readiness = []
    if isFull { interest.insert(.writable) }
    if !isOtherFull { interest.insert(.readable) }
    return interest
  }

  /// Passes on what is waiting, a bounded number at a time; the result is whether the sink is full.
  private mutating func pass(
    from source: borrowing Socket, to sink: borrowing Socket, _ admits: (Message) -> Bool,
    _ drops: (Drop) -> Void
  ) throws(ZMQError) -> Bool {
    for _ in 0..<100 {
      guard try source.readiness().contains(.readable) else { return false }
      guard try sink.readiness().contains(.writable) else { return true }
      guard let reception = try source.receive(limits: limits) else { return false }
      guard let message = reception.message else {
        drops(.beyondLimits)
        dropped += 1
        continue
      }
      guard admits(message) else {
        dropped += 1
        continue
      }
      guard try sink.forward(message) else {
        drops(.withoutReceiver)
        dropped += 1
        continue
      }
      forwarded += 1
    }
    return false
  }
}
