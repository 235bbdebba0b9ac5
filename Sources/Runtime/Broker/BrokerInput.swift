import Bytes
import Federation

/// What reaches the broker's loop from other threads.
enum BrokerInput: Sendable {
  /// The model of the next round is ready to be sent.
  case prepared(PreparedModel, [Digest: SharedBuffer])
  /// An update was checked and, when accepted, stored.
  case stored(round: Int, client: Int, StoreResult)
  /// The server's queue can't go on.
  case failed(any Error)
  /// A connection was cut that subscribed too fast.
  case subscriberCut
  /// The allow-list was changed.
  case admissionsChanged
  /// The broker is to stop.
  case stop
}
