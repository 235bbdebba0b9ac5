import Bytes
import Federation
import Ledger
import Links
import Measures
import Models
import Neural
import Server
import Topology
import Wire
import ZMTP

/// Broker, clients and links in one thread and in simulated time: a discrete-event simulation.
///
/// The machines are those of real runs, and so are the messages' sizes; what carries them is a model. All
/// that happens at one moment happens in the order in which it was caused, so that a run is a function of
/// the topology and the seed. Only trainings run beside this thread, and each is waited for at the moment
/// of simulated time at which it ends.
final class VirtualLoop {
  let topology: Topology
  let desk: any LearningBackend
  let observer: any RunObserver
  let run: RandomStream
  let cost = ZMTPCost(.null)

  var plan: BrokerPlan
  var events = EventQueue<VirtualEvent>()
  var network: VirtualNetwork
  var clients: [VirtualClient] = []
  var faults: FaultTimeline

  /// The broker's machine; nil while its process is down.
  var machine: BrokerMachine?
  var books = BrokerBooks(.null)
  /// The broker's timer, to be told from earlier ones.
  var timer: UInt64 = 0
  var timerTime: Duration?
  /// Who listens to which step, in rising order of the clients.
  var listeners: [Topic: [Int]] = [:]
  /// The updates of which chunks came, by client.
  var uploads: [Int: ClientUpdate] = [:]
  /// The updates that were stored in the round that is open or comes next.
  var stored: [Int: Submission] = [:]
  /// The round for which the model was made last.
  var currentRound = 1
  /// The last round that was opened for the first time; 0 before any was.
  var lastOpened = 0
  var timeline = RoundTimeline()
  /// The clients to whom announcements mean something: they are in a round, or must join.
  var activeClients: Set<Int> = []
  /// The clients that listen, but haven't taken notice of this incarnation of the broker.
  var unjoinedListeners: Set<Int> = []
  /// How the clients took part before the broker's process went down.
  var history = ParticipationHistory()
  /// Since when it waited for clients then, if it did.
  var waitingSince: Duration?
  /// Somebody may have left the fleet for good since it was counted who can still come.
  var isFleetToBeCounted = true
  /// Faults that are undone later, by number.
  var openFaults: [Int: OpenFault] = [:]
  var faultCount = 0
  /// Segments that links had to carry again, since the last round was closed.
  var resent = 0
  /// The operations of one sample, by what is trained.
  var trainingFLOPs: [TrainingCost: Int] = [:]
  /// Faults that the beginning of a round set off.
  var dueFaults: [ScriptedFault] = []
  var result: Bool?
  /// The run was given up, as too few clients were there.
  var isGivenUp = false
  private var failure: (any Error)?
  private let isToStop: () -> Bool
  private var wasStopped = false

  /// How long a connection survives without an answer: a shorter absence only stalls it.
  static let patienceOfConnections = Duration.seconds(20)
  /// After how long the broker takes a connection for dead of which it heard nothing.
  static let silenceOfConnections = Duration.seconds(30)

  /// A fleet in which nobody has joined yet.
  init(
    topology: Topology, plan: BrokerPlan, desk: any LearningBackend, observer: any RunObserver,
    isToStop: @escaping () -> Bool
  ) {
    self.topology = topology
    self.plan = plan
    self.desk = desk
    self.observer = observer
    self.isToStop = isToStop
    run = RandomStream(seed: plan.seed).stream("virtual")
    faults = FaultTimeline(topology.fleet.faults, run: run)
    let run = run
    var members: [VirtualNetwork.Member] = []
    members.reserveCapacity(topology.clients)
    network = VirtualNetwork(topology.fleet, run: run) { members.append($0) }
    let stages = topology.stageLimits
    clients = members.map { member in
      let device = Device(member.device, client: member.client, run: run)
      let link = DuplexLink(member.link, client: member.client, run: run)
      return VirtualClient(
        machine: ClientMachine(
          identity: ClientIdentity(
            client: member.client, worker: UInt64(member.client) + 1, plan: plan.digest,
            maximalStage: stages[member.client]),
          limits: plan.limits, jitter: run.stream("jitter", member.client, 0)),
        link: link, device: device, bottleneck: member.bottleneck,
        window: Self.window(member.link.down.profile, chunk: plan.limits.chunkBytes))
    }
    machine = BrokerMachine(plan: plan)
    for client in clients.indices { dealSamples(to: client) }
  }

  /// Runs all rounds; true if they are complete, false if the run was stopped before.
  func play() throws -> Bool {
    for client in clients.indices { enter(client) }
    scheduleFault()
    handle(.tick)
    while result == nil {
      if let failure { throw failure }
      // A broker that is down can't end the run, nor one that catches up with where the run was stopped before.
      if !wasStopped, isToStop(), machine != nil, !desk.isReplaying {
        wasStopped = true
        attempt { try desk.suspend() }
        handle(.stop)
      }
      guard let (_, event) = events.next() else { throw SimulationError.nothingHappens(now) }
      take(event)
    }
    if let failure { throw failure }
    return result ?? false
  }

  /// The simulated time since the run's beginning.
  var now: Duration { events.now }

  /// Does what may fail; the run ends with the first failure.
  func attempt(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do { try body() } catch { failure = error }
  }

  private func take(_ event: VirtualEvent) {
    switch event {
    case .brokerWake(let timer):
      guard timer == self.timer else { return }
      timerTime = nil
      countFleet()
      handle(.tick)
    case .brokerResult(let event, let epoch):
      guard epoch == plan.epoch else { return }
      handle(event)
    case .clientWake(let client, let timer):
      guard timer == clients[client].timer else { return }
      clients[client].timerTime = nil
      handle(.tick, for: client)
    case .trained(let client, let work): finishWork(of: client, work)
    case .dropOut(let client, let work): dropOut(client, work)
    case .joins(let client): changeAvailability(of: client)
    case .availability(let client): changeAvailability(of: client)
    case .returns(let client, let absence):
      clients[client].returnsDue -= 1
      end(absence, of: client)
      if !clients[client].absence.isEmpty { isFleetToBeCounted = true }
    case .connected(let client, let connection): connected(client, connection)
    case .gone(let client, let connection): gone(client, connection)
    case .arriveDown(let client, let parcel, let transit, let isBulk):
      arriveDown(client, parcel, transit, isBulk: isBulk)
    case .lastHopDown(let client, let parcel, let isBulk, let connection):
      guard connection == clients[client].connection else { return }
      lastHop(client, parcel, first: now, last: now, isBulk: isBulk)
    case .flushUp(let client): flush(client)
    case .hopUp(let client, let parcel, let own, let last, let isLast):
      hopUp(client, parcel, own: own, last: last, isLast: isLast)
    case .arriveUp(let client, let parcel, let transit): arriveUp(client, parcel, transit)
    case .fault: playFaults()
    case .undo(let number): undo(number)
    case .brokerRestart: restartBroker()
    }
  }

  /// How many chunks must be on their way so that a link of this profile is never idle.
  private static func window(_ profile: LinkProfile, chunk: Int) -> Int {
    let delay = profile.delay + profile.jitter
    let bytes = profile.sustainedRate.bitsPerSecond / 8 * delay.seconds
    return 2 + Int(min(1e6, (bytes / Double(chunk)).rounded(.up)))
  }
}

/// Why a simulation can't go on.
package enum SimulationError: Error, CustomStringConvertible {
  /// Nothing is waited for, but the run isn't over.
  case nothingHappens(Duration)
  /// A run in simulated time doesn't tell what it was made of.
  case cannotGoOn(String)
  /// The cost model doesn't know how large deltas of the model are.
  case costModelOfDeltas

  /// What went wrong.
  package var description: String {
    switch self {
    case .nothingHappens(let time):
      "nothing is left to happen after \(time.seconds.fixed(1)) simulated seconds, yet the run isn't over"
    case .cannotGoOn(let run):
      """
      \(run): this run in virtual time was made by a version of progfed that didn't keep what it began \
      with; name its topology too, and it is run from its beginning, which comes to the same
      """
    case .costModelOfDeltas:
      "--cost-model plays whole models only: leave out codecs.downDelta, or --cost-model"
    }
  }
}
