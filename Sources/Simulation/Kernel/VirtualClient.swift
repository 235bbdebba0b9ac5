import Bytes
import Federation
import Links
import Measures
import Wire

/// A simulated client: its machine, its link, its device, and what both are activeClients with.
struct VirtualClient {
  /// The work that its device is activeClients with.
  struct Work {
    /// Tells it from earlier work.
    var number: Int
    /// The task.
    var task: ClientTask
    /// The training; nil where the device will drop out before the end.
    var update: (any PendingUpdate)?
    /// When it ends, or would if the device weren't away.
    var end: Duration
    /// What is left of it while the device is away.
    var left: Duration?
  }

  /// What the broker's sockets heard of one connection.
  struct ConnectionSubscriptions {
    /// The connection.
    var connection: Int
    /// The topics that it listens to, on the control and on the bulk socket.
    var topics: [(topic: Topic, isBulk: Bool)] = []
  }

  /// The state of the protocol.
  var machine: ClientMachine
  /// Its access link.
  var link: DuplexLink
  /// Its device.
  let device: Device
  /// The bottleneck that it shares, by its place; nil where there is none.
  let bottleneck: Int?
  /// How many chunks may be on their way to it at once, so that its link is never idle.
  let window: Int

  /// Why it isn't there; empty while it is.
  var absence: OfflineReason = []
  /// How many of the causes of its absence end at a time that is set.
  var returnsDue = 0
  /// What faults multiply its rates with.
  var rateFactor = 1.0
  /// Whether its part of the run is over.
  var hasEnded = false
  /// How often its process was started anew.
  var restarts = 0
  /// The connection, or the last one; 0 before the first.
  var connection = 0
  /// Whether the handshakes of the connection are done.
  var isConnected = false
  /// What the broker heard of its connections, most of the time of one.
  var hearings: [ConnectionSubscriptions] = []
  /// The steps that it listens to.
  var steps: [Digest] = []
  /// What waits for a connection or for a place in the link.
  var outgoing = ParcelQueue()
  /// Chunks that wait in the broker's queue for this client.
  var incoming = ParcelQueue()
  /// Chunks that are on their way to this client.
  var inFlight = 0
  /// Tells the timer from earlier ones.
  var timer: UInt64 = 0
  /// When the timer goes off; nil where it is off.
  var timerTime: Duration?
  /// What the device is activeClients with.
  var work: Work?
  /// How often work was begun.
  var works = 0
  /// The update that waits to be counted.
  var update: ClientUpdate?
  /// The last round in which it dropped out.
  var droppedOutIn = 0
  /// When the current round's steps were done.
  var progress = ClientProgress()
}

/// When a client did what in a round.
struct ClientProgress: Hashable, Sendable {
  /// The round, from 1; 0 before the first.
  var round = 0
  /// When it had the model.
  var downloaded: Duration?
  /// When it had the update.
  var trained: Duration?
}

/// Parcels in the order in which they came.
struct ParcelQueue: Sendable {
  private var parcels: [SimulatedMessage] = []
  private var head = 0

  /// Whether nothing waits.
  var isEmpty: Bool { head == parcels.count }
  /// The parcel that has waited longest.
  var first: SimulatedMessage? { isEmpty ? nil : parcels[head] }

  /// Adds a parcel at the end.
  mutating func append(_ parcel: SimulatedMessage) { parcels.append(parcel) }

  /// Removes the parcel that has waited longest.
  mutating func removeFirst() {
    head += 1
    if head == parcels.count {
      removeAll()
    } else if head >= 256 {
      parcels.removeFirst(head)
      head = 0
    }
  }

  /// Removes all.
  mutating func removeAll() {
    parcels.removeAll()
    head = 0
  }
}
