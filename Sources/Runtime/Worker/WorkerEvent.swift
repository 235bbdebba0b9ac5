import LocalTraining
import Server

/// What reaches a worker's loop from other threads.
enum WorkerEvent: Sendable {
  /// A client's training in a round ended.
  case ended(client: Int, round: Int, LocalResult)
  /// The host's name has addresses, of IPv6 alone or not.
  case resolved(isIPv6: Bool)
  /// The host's name has no address for now.
  case unresolved(UnresolvedName)
  /// Why connecting to a socket failed, as an error number; 0 where it wouldn't any more.
  case probed(BrokerSocket, CInt)
  /// The worker is to stop.
  case stop
}
