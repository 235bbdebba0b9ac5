import Bytes
import Federation
import Wire

/// A worker with its client, as far as the simulator plays it.
struct ClientProcess {
  /// What it has of one step.
  struct Assembly {
    let step: ModelPatch
    var missing: RangeSet<Int>
  }

  /// The client's side of the protocol; nil while the worker is down, or when its part has ended.
  var machine: ClientMachine?
  /// One more after each start; events of earlier lives are void.
  var life = 0
  /// How its part in the run ended.
  var ended: ClientEnd?
  /// Its open connection.
  var connection: Int?
  /// How many partitions cut it off now, and how many of them silently.
  var cuts = 0
  /// How many of the partitions swallow messages instead of resetting the connection.
  var silentCuts = 0
  /// The topics it listens to, in the order of its subscriptions.
  var topics: [Topic] = []
  /// Messages that wait for a connection.
  var outbox: [Message<Uplink>] = []
  /// What it has of the steps to the model, by the first bytes of their digests.
  var assemblies: [UInt64: Assembly] = [:]
  /// The states that it holds, by the first bytes of their digests.
  var states: Set<UInt64> = []
  /// Its update, kept until it is settled.
  var update: (round: Int, offer: Offer)?
  /// The current training; results of others are void.
  var training = 0
  /// Its clock minus virtual time.
  var offset: Duration = .zero
  /// When its next tick is queued.
  var tick: Duration?
}
