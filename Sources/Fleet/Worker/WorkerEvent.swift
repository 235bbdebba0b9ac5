import Federation
import Wire
import ZeroMQ

/// What reaches a worker's loop from other threads.
enum WorkerEvent: Sendable {
  /// A client's training ended with this update, and with what the client remembers if it counts.
  case trained(client: Int, round: Int, Offer, SharedBuffer, ClientMemory?)
  /// A client's training ended without an update.
  case failed(client: Int, round: Int, DeclineReason, detail: String)
  /// The host's name has addresses, of IPv6 alone or not.
  case resolved(isIPv6: Bool)
  /// The host's name has no address for now.
  case unresolved(UnresolvedName)
  /// Why connecting to a socket failed, as an error number; 0 where it wouldn't any more.
  case probed(BrokerSocket, CInt)
  /// The worker is to stop.
  case stop
}
