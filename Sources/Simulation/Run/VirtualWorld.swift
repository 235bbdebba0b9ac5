import Federation
import Measures
import Topology
import Wire

/// The state that the simulated broker and the simulated clients share.
///
/// Everything that happens is put into the events of its network, and what was said goes over it.
final class VirtualWorld {
  /// The topology.
  let topology: Topology
  /// The broker's slow work and the clients' training.
  let backend: any LearningBackend
  /// The stream of the run's chances.
  let run: RandomStream
  /// The broker's plan, of its latest incarnation.
  var plan: BrokerPlan
  /// The broker's process is up.
  var isBrokerUp = true
  /// Events, connections, links and books.
  var network: VirtualNetwork
  /// The fault script, and the faults that are under way.
  var script: FaultScript
  /// The clients that announcements are sent to.
  var audience = Audience()
  /// The moment at which the open round began.
  var roundOpened = Duration.zero
  /// True if a client may have left the fleet for good since its clients were last counted.
  var isFleetToBeCounted = true
  /// The first failure of what may fail, which ends the run.
  private(set) var failure: (any Error)?

  /// A world in which nothing has happened.
  init(
    topology: Topology, plan: BrokerPlan, backend: any LearningBackend, fleet: VirtualFleet,
    run: RandomStream
  ) {
    self.topology = topology
    self.backend = backend
    self.run = run
    self.plan = plan
    script = FaultScript(topology.fleet.faults, run: run)
    network = VirtualNetwork(fleet, chunk: plan.limits.chunkBytes, run: run)
  }

  /// The simulated time since the run's beginning.
  var now: Duration { network.now }

  /// Does what may fail; the run ends with the first failure.
  func attempt(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do { try body() } catch { failure = error }
  }
}

/// The clients to whom announcements mean something; the links of the others aren't troubled with
/// them.
struct Audience {
  /// The clients that are in a round.
  private var activeClients: Set<Int> = []
  /// The clients that listen, but haven't taken notice of this incarnation of the broker.
  private var unjoinedListeners: Set<Int> = []

  /// Takes note of a client's state after an event.
  mutating func note(_ client: Int, isActive: Bool, hasJoined: Bool) {
    if isActive { activeClients.insert(client) } else { activeClients.remove(client) }
    if hasJoined { unjoinedListeners.remove(client) }
  }

  /// A client listens that hasn't joined this incarnation of the broker.
  mutating func listens(unjoined client: Int) { unjoinedListeners.insert(client) }

  /// A client's process is a new one, which knows nothing.
  mutating func forget(_ client: Int) {
    activeClients.remove(client)
    unjoinedListeners.remove(client)
  }

  /// Forgets all listeners: the broker is a new one, which no client has heard yet.
  mutating func forgetListeners() { unjoinedListeners = [] }

  /// The clients of a fleet that a message to all is sent to.
  func addressed(by message: Downlink, of clients: Range<Int>) -> Set<Int> {
    let known = activeClients.union(unjoinedListeners)
    switch message {
    case .announce(let announce)
    where [.open, .evaluating, .measuring].contains(announce.state):
      return known.union(announce.selected)
    case .finished: return Set(clients)
    default: return known
    }
  }
}
