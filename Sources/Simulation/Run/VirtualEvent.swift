import Federation

/// An event of simulated time.
enum VirtualEvent: Sendable {
  /// The broker's tick of this number.
  case brokerWake(UInt64)
  /// The answer of the broker's own slow work.
  case brokerResult(BrokerEvent, epoch: Int)
  /// A client's tick of this number.
  case clientWake(Int, UInt64)
  /// A client's training ends, if it is still this one.
  case trained(Int, work: Int)
  /// A client has added up its samples, if its process is still this one.
  case measured(Int, restarts: Int)
  /// A client stops in the middle of its training, if it is still this one.
  case dropOut(Int, work: Int)
  /// A client's device comes or goes.
  case availability(Int)
  /// A cause of being away is over, if the client's process is still this one.
  case returns(Int, OfflineReason)
  /// A connection's handshakes are done, if it is still the latest.
  case connected(Connection)
  /// The broker learns that a connection is gone.
  case gone(Connection)
  /// A message is a step further on its way.
  case network(NetworkEvent)
  /// The fault script has something to do.
  case fault
  /// A fault is undone.
  case undo(Int)
  /// The broker's process is back.
  case brokerRestart
}
