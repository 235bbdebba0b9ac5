import Federation
import Simulation
import Wire

/// An event of a played scenario.
enum FaultEvent {
  /// The broker's alarm.
  case brokerTick(life: Int)
  /// A client's alarm.
  case clientTick(Int, life: Int)
  /// A client's message arrives at the broker.
  case up(Message<Uplink>, Connection)
  /// A message of the broker arrives at a worker.
  case down(Message<Downlink>, Connection)
  /// The broker learns that a worker listens to a topic, or no longer does.
  case notice(Topic, isSubscription: Bool, Connection)
  /// The broker learns that a connection is gone.
  case lost(Connection)
  /// A worker may try to connect.
  case connect(client: Int)
  /// The model of a round is ready.
  case prepared(round: Int, life: Int)
  /// The model that a round came to is ready for clients to evaluate.
  case evaluable(round: Int, life: Int)
  /// A client's evaluation is over.
  case evaluated(client: Int, training: Int, round: Int, HoldOutScores)
  /// A client has added up its samples.
  case measured(client: Int, training: Int, SampleSums)
  /// The normalization reaches the disk.
  case normalizationDurable(FederatedNormalization, life: Int)
  /// The broker learns that the normalization is durable.
  case normalized(FederatedNormalization, life: Int)
  /// The bytes of an update reach the disk.
  case durable(client: Int, round: Int, Submission, life: Int)
  /// The broker waits for the disk, with what it appended.
  case synced(life: Int)
  /// Whoever runs the broker starts it anew, if it is down.
  case restart
  /// The broker learns the result of storing an update.
  case stored(client: Int, round: Int, StoreResult, life: Int)
  /// The aggregated model reaches the disk.
  case committed(life: Int)
  /// A training ends, without an update if there is no offer.
  case trained(client: Int, training: Int, round: Int, Offer?)
  /// A worker's machine, whose power was gone, starts anew, unless it did before.
  case workerRestart(Int, life: Int)
  /// The fault of this index begins.
  case begins(Int)
  /// The fault of this index ends.
  case ends(Int)
}
