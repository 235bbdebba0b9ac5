import Bytes
import Federation
import Measures
import Simulation
import Wire

/// A broker's process.
struct BrokerProcess {
  /// The machine with its surroundings.
  let host: BrokerHost<ArrivingUpdate>
  /// The incarnation.
  let epoch: Int
  /// The number of the process, also where a mutation keeps the epoch.
  let life: Int
  /// The clients whose updates of this round were found in the spool at the start.
  var restored: Set<Int>
  /// The updates that are in the spool's file, and may not be on the disk.
  var unsynced: [(client: Int, round: Int, submission: Submission)] = []
  /// The updates that are being stored, by client.
  var storing: [Int: (round: Int, length: Int)] = [:]
  /// The closed round that isn't committed yet.
  var closing: RoundResult?
  /// The clients' participation, as it is known once the closed round is committed.
  var history = ParticipationHistory()
  /// The late updates that counted in the last round.
  var late: [(client: Int, submission: Submission)] = []
  /// The round whose model is to be made once the last one is committed.
  var preparing: Int?
  /// The time by which the open round must end, by the broker's clock.
  var deadline: Duration?
  /// The open round began after all traces of faults were gone.
  var isCalm = false
  /// The evaluation began after all traces of faults were gone.
  var isCalmEvaluation = false
  /// The clients that were told that their update counts in the open or the next round.
  var acknowledged: Set<Int> = []
  /// The connections over which clients spoke.
  var speech = Speech()
  /// The bytes that updates on their way lack, and since when, in virtual time.
  var lacking: [Int: (bytes: Int, since: Duration)] = [:]
  /// The virtual time since which some client has waited for leave to send; nil while none does.
  var crowdedSince: Duration?
  /// The round that was announced last, 0 for none, if it was announced at all.
  var announced: Int?
  /// The next tick.
  var alarm = Alarm()

  /// A process that has just started, with the updates of these clients in its spool.
  init(_ machine: BrokerMachine, epoch: Int, life: Int, restored: Set<Int>) {
    host = BrokerHost(machine)
    self.epoch = epoch
    self.life = life
    self.restored = restored
  }

  /// Looks at clients' leaves to send and connections at `now`, in virtual time.
  ///
  /// - Returns: The promise that is broken, and how; nil if none is.
  mutating func broken(
    in scenario: FaultScenario, at now: Duration
  ) -> (Violation.Promise, String)? {
    if let client = hoarder(beyond: scenario.longestLease, at: now) {
      return (.shared, "client \(client) has leave to send, and sends nothing")
    }
    let present = Set(host.machine.present)
    guard let client = speech.haunted(present, beyond: scenario.longestAbsence, at: now) else {
      return nil
    }
    return (.present, "client \(client) is present, long after its connection was gone")
  }

  /// A client that has kept its leave to send for longer than `limit` without a byte while others
  /// waited; nil for none.
  private mutating func hoarder(beyond limit: Duration, at now: Duration) -> Int? {
    crowdedSince = host.awaitsRoom ? crowdedSince ?? now : nil
    lacking = host.uploads.reduce(into: [:]) { lacking, upload in
      let (bytes, known) = (upload.value.missingBytes, self.lacking[upload.key])
      lacking[upload.key] = known?.bytes == bytes ? known : (bytes, now)
    }
    guard let crowdedSince else { return nil }
    return lacking.filter { now - max($0.value.since, crowdedSince) > limit }.keys.min()
  }

  /// The bytes of updates that are granted or held, and the number of these updates.
  var inFlight: (bytes: Int, updates: Int) {
    var (bytes, updates) = (0, 0)
    for upload in host.uploads.values { (bytes, updates) = (bytes + upload.length, updates + 1) }
    for (client, update) in storing where host.uploads[client] == nil {
      (bytes, updates) = (bytes + update.length, updates + 1)
    }
    return (bytes, updates)
  }
}

/// The connections over which clients last spoke to a broker, and those that are gone.
struct Speech {
  private var connections: [Int: Connection] = [:]
  private var gone: Set<Connection> = []
  /// Since when, in virtual time, clients are lost that haven't spoken over another connection.
  private var lost: [Int: Duration] = [:]

  /// Notes that a client spoke over a connection; gives the event if that is gone by now.
  mutating func heard(on connection: Connection) -> BrokerEvent? {
    guard !gone.contains(connection) else { return .disconnected(client: connection.client) }
    connections[connection.client] = connection
    lost[connection.client] = nil
    return nil
  }

  /// Notes that a connection is gone; gives the event if its client last spoke over it.
  mutating func lose(_ connection: Connection, at now: Duration) -> BrokerEvent? {
    gone.insert(connection)
    guard connections[connection.client] == connection else { return nil }
    lost[connection.client] = lost[connection.client] ?? now
    return .disconnected(client: connection.client)
  }

  /// A client that has been lost, and among the `present` ones all the time, for longer than
  /// `limit`; nil for none.
  mutating func haunted(_ present: Set<Int>, beyond limit: Duration, at now: Duration) -> Int? {
    for client in lost.keys where !present.contains(client) { lost[client] = now }
    return lost.filter { now - $0.value > limit }.keys.min()
  }
}

/// The next tick of a process.
///
/// Unlike the host's `PendingTick`, a tick that is queued already stays if it comes early enough:
/// machines put off their ticks with almost each event, and a needless tick costs less than a new
/// one for each of them.
struct Alarm {
  private var time: Duration?

  /// Asks for a tick at a time.
  ///
  /// - Returns: True if it is to be queued, as none is that comes early enough.
  mutating func set(for time: Duration) -> Bool {
    if let queued = self.time, queued <= time { return false }
    self.time = time
    return true
  }

  /// A tick has come.
  ///
  /// - Returns: False if it was replaced by an earlier one.
  mutating func goesOff(at now: Duration) -> Bool {
    guard time == now else { return false }
    time = nil
    return true
  }
}

/// An update that is arriving at the broker: its length and its gaps.
struct ArrivingUpdate: UpdateAssembly {
  /// Its length in bytes.
  let length: Int
  /// The parts that are missing.
  private var missing: RangeSet<Int>
  /// The attempt whose bytes it has; nil before the first.
  private var attempt: Int?
  /// Bytes of two attempts are in it, or bytes in a wrong place.
  private var isMixed = false

  init(length: Int) {
    self.length = length
    missing = RangeSet(0..<length)
  }

  mutating func put(_ chunk: Message<Uplink>, at offset: Int) -> Bool {
    guard case .updateChunk(let actual, let length) = chunk.body else { return false }
    missing.remove(contentsOf: actual..<actual + length)
    if actual != offset || attempt ?? chunk.header.attempt != chunk.header.attempt {
      isMixed = true
    }
    attempt = chunk.header.attempt
    return true
  }

  /// The number of bytes that are still to come.
  var missingBytes: Int { missing.ranges.reduce(0) { $0 + $1.count } }

  /// True if it is the whole update of this attempt, of so many bytes.
  func isWhole(ofAttempt attempt: Int, length: Int) -> Bool {
    self.length == length && missing.isEmpty && !isMixed && self.attempt == attempt
  }
}

/// A client's update, of which there is nothing but its length.
struct SimulatedUpdate: ChunkedUpdate {
  /// The number of its bytes.
  let length: Int
}

/// A worker's process with its client.
struct ClientProcess {
  /// A step of which parts have come.
  struct Assembly {
    let step: ModelPatch
    var missing: RangeSet<Int>
  }

  /// The machine with its surroundings; nil while the worker is down, or when its part has ended.
  var host: ClientHost<SimulatedUpdate>?
  /// The number of the process; events of earlier lives are void.
  var life = 0
  /// The end of its part in the run; nil before.
  var ended: ClientEnd?
  /// The steps to the model that are fetched, by the first bytes of their digests.
  var assemblies: [UInt64: Assembly] = [:]
  /// The states that it holds, by the first bytes of their digests.
  var states: Set<UInt64> = []
  /// The normalization that it goes by; nil before it knows one.
  var normalization: FederatedNormalization?
  /// The number of the current training; results of others are void.
  var training = 0
  /// The last update that counted before the current training.
  var base: CountedUpdate?
  /// An update whose memory isn't kept yet, though it was offered, which breaks a promise.
  var unkept: (offer: Offer, round: Int)?
  /// Its clock minus virtual time.
  var offset: Duration = .zero
  /// The next tick.
  var alarm = Alarm()

  /// Makes room for a step, if there is none yet.
  mutating func open(_ step: ModelPatch) {
    guard assemblies[step.digest.prefix] == nil else { return }
    assemblies[step.digest.prefix] = Assembly(step: step, missing: RangeSet(0..<step.length))
  }

  /// Holds a segment's state, if all steps that lead to it are whole.
  ///
  /// - Returns: False if they aren't.
  mutating func reach(_ segment: Segment) -> Bool {
    var whole = segment
    whole.steps.removeAll { assemblies[$0.digest.prefix]?.missing.isEmpty != true }
    guard let path = whole.path(from: states) else { return false }
    states.formUnion(path.map(\.to))
    return true
  }

  /// Drops the steps that aren't of interest any more.
  mutating func tidy() {
    let wanted = Set(host?.machine.state.interests.map(\.prefix) ?? [])
    assemblies = assemblies.filter { wanted.contains($0.key) }
  }
}

/// The part of the broker's state that must survive its crashes, and its disk's.
struct Disk {
  /// The clients whose updates counted, for each round that was committed, from round 1.
  private(set) var committed: [Set<Int>] = []
  /// The updates that counted, of whatever round they were trained for.
  private(set) var counted: Set<Update> = []
  /// The clients' participation in the committed rounds.
  private(set) var history = ParticipationHistory()
  /// The normalization that was made of clients' sums.
  var normalization: FederatedNormalization?
  /// The updates for the round after them that are durable, by client.
  var spool: [Int: Submission] = [:]

  /// A client's update of a round.
  struct Update: Hashable {
    var client: Int
    var round: Int
  }

  /// True if a client's update of a round counts, or will.
  func isSafe(_ client: Int, round: Int) -> Bool {
    counted.contains(Update(client: client, round: round)) || spool[client]?.round == round
  }

  /// The round that is open, or will be.
  var round: Int { committed.count + 1 }

  /// Each client's updates that counted, in order, with the rounds in which they did; none of
  /// rounds that were discarded.
  private var remembered: [Int: [(round: Int, update: CountedUpdate)]] = [:]

  /// The last update of a client that counted before `round`; nil for none.
  func lastCounted(of client: Int, before round: Int) -> CountedUpdate? {
    remembered[client]?.last { $0.round < round }?.update
  }

  /// Commits a round: its model is durable, and the spool is that of the next one.
  mutating func commit(
    _ result: RoundResult, history: ParticipationHistory, isDiscarded: Bool
  ) {
    for (client, submission) in result.accepted where !isDiscarded {
      remembered[client, default: []].append((result.round, submission.counted))
    }
    committed.append(Set(result.accepted.map(\.client)))
    counted.formUnion(
      result.accepted.map { Update(client: $0.client, round: $0.submission.round) })
    self.history = history
    spool = [:]
  }
}
