import Federation
import Wire

/// A broker, as far as the simulator plays it.
struct BrokerProcess {
  /// An update that is arriving.
  struct Upload {
    /// Its length in bytes.
    let length: Int
    /// What is still missing of it.
    var missing: RangeSet<Int>
    /// The attempt whose bytes it has; nil before the first.
    var attempt: Int?
    /// Bytes of two attempts are in it.
    var isMixed = false
    /// It is complete as far as the round engine knows, and is being stored for this round.
    var storing: Int?
  }

  /// The broker's side of the protocol.
  var machine: BrokerMachine
  /// Its incarnation.
  let epoch: Int
  /// Counts restarts, also where a mutation keeps the epoch.
  let life: Int
  /// The updates in memory.
  var uploads: [Int: Upload] = [:]
  /// The segments of the current model.
  var segments: [Segment] = []
  /// The closed round that isn't committed yet.
  var closing: RoundResult?
  /// What is known of the clients' participation once it is committed.
  var history = ParticipationHistory()
  /// The late updates that counted in the last round.
  var late: [(client: Int, submission: Submission)] = []
  /// The round whose model is to be made once the last one is committed.
  var preparing: Int?
  /// When the open round must end, by the broker's clock.
  var deadline: Duration?
  /// The open round began after all traces of faults were gone.
  var isCalm = false
  /// The clients that were told that their update counts in the open or the next round.
  var acknowledged: Set<Int> = []
  /// The clients whose updates of this round were found in the spool at the start.
  var restored: Set<Int> = []
  /// The round that was announced last, 0 for none, if it was announced at all.
  var announced: Int?
  /// When its next tick is queued.
  var tick: Duration?
}
