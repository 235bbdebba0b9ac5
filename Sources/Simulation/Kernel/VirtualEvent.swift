import Federation
import Links

/// What happens at a moment of simulated time.
enum VirtualEvent: Sendable {
  /// The broker's timer, if it is still this one.
  case brokerWake(UInt64)
  /// The broker's own slow work gave this.
  case brokerResult(BrokerEvent, epoch: Int)
  /// A client's timer, if it is still this one.
  case clientWake(Int, UInt64)
  /// A client's training ends, if it is still this one.
  case trained(Int, work: Int)
  /// A client stops in the middle of its training, if it is still this one.
  case dropOut(Int, work: Int)
  /// A client is in the fleet from now on.
  case joins(Int)
  /// A client's device comes or goes.
  case availability(Int)
  /// A cause of being away is over, if the client's process is still this one.
  case returns(Int, OfflineReason)
  /// A connection's handshakes are done, if it is still this one.
  case connected(Int, connection: Int)
  /// The broker learns that a connection is gone.
  case gone(Int, connection: Int)
  /// A parcel reaches a client.
  case arriveDown(Int, SimulatedMessage, Transit, isBulk: Bool)
  /// A parcel comes to a client's own link, which had no place for it before.
  case lastHopDown(Int, SimulatedMessage, isBulk: Bool, connection: Int)
  /// A client's link has a place again for what waits.
  case flushUp(Int)
  /// A parcel leaves a client's link for what it shares with others.
  case hopUp(Int, SimulatedMessage, own: Transit, last: Transit, isLast: Bool)
  /// A parcel reaches the broker.
  case arriveUp(Int, SimulatedMessage, Transit)
  /// The fault script has something to do.
  case fault
  /// A fault is undone.
  case undo(Int)
  /// The broker's process is back.
  case brokerRestart
}

/// Why a client isn't there.
struct OfflineReason: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  /// Its device isn't available, or isn't yet, or not any more, in the fleet.
  static let away = OfflineReason(rawValue: 1)
  /// It dropped out in the middle of a round.
  static let droppedOut = OfflineReason(rawValue: 2)
  /// A fault cut its link.
  static let cut = OfflineReason(rawValue: 4)
  /// A fault killed its process.
  static let killed = OfflineReason(rawValue: 8)
}
