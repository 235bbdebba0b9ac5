package import Federation
import Foundation
package import Ledger
import Links
package import LocalTraining
import Measures
package import Server
import Synchronization
package import Topology
import Wire
import ZeroMQ

/// Broker, workers and clients in one process, over real sockets.
///
/// Over tcp the topology's access links are played: each client is then a worker of its own, behind
/// a relay that holds back what passes as long as the link would. Otherwise one worker plays all
/// clients, or one behind each relay that the topology has.
package final class LocalRun: Sendable {
  /// The transport of the messages.
  package enum Transport: String, Sendable, CaseIterable {
    /// Within the process, without copies.
    case inproc
    /// A socket of the file system.
    case ipc
    /// Loopback.
    case tcp

    /// The clock of a topology that it carries.
    package var clock: Clock { self == .tcp ? .realOverTCP : .real }
  }

  private let broker: Broker
  private let workers: Mutex<[Worker]>
  private let workload: Workload
  private let transport: Transport
  private let pool: TrainingPool
  private let threads: Int
  /// The keys; nil where connections aren't encrypted.
  private let keys: LocalKeys?
  private let directory: RunDirectory
  private let observer: any RunObserver

  /// A simulation that hasn't begun.
  ///
  /// - Parameters:
  ///   - workload: The data and the model.
  ///   - transport: The transport of the messages.
  ///   - isEncrypted: Whether the connections use CURVE, with keys of this run alone; not within
  ///     the process.
  ///   - threads: The number of clients that train at the same time.
  ///   - directory: The run directory.
  ///   - observer: The observer of the run.
  ///   - resumption: From where the run in `directory` goes on; nil for a new run.
  ///   - logLevel: The lowest level that is logged.
  /// - Throws: `TopologyError` if the topology says what real time doesn't play, ``LocalRunError``,
  ///   and `ZMQError` when the process is out of descriptors.
  package init(
    _ workload: Workload, transport: Transport, isEncrypted: Bool = false, threads: Int,
    directory: RunDirectory, observer: any RunObserver, resumption: Resumption? = nil,
    logLevel: LogLevel = .info
  ) throws {
    precondition(!isEncrypted || transport != .inproc, "nothing to encrypt within a process")
    try Self.check(workload.topology, transport)
    self.workload = workload
    self.transport = transport
    self.threads = threads
    self.observer = observer
    pool = TrainingPool(width: threads)
    workers = Mutex([])
    var generator = SystemRandomNumberGenerator()
    let base =
      switch transport {
      case .inproc: "inproc://progfed"
      case .ipc: "ipc://\(NSTemporaryDirectory())progfed-\(UUID().uuidString)"
      case .tcp: "tcp://127.0.0.1:*"
      }
    var resumption = resumption
    // Versions before kept nothing of clients that outlived them.
    let remembered = resumption?.state?.history.counted ?? [:]
    resumption?.isWithoutClients = remembered.isEmpty
    let keys =
      isEncrypted
      ? try LocalKeys(
        clients: workload.topology.clients, relays: Self.parts(of: workload.topology, transport))
      : nil
    self.keys = keys
    self.directory = directory
    broker = try Broker(
      workload,
      settings: BrokerSettings(
        endpoints: try Endpoints(base: base), threads: threads,
        transport: transport.rawValue + (isEncrypted ? "+curve" : ""), run: generator.next(),
        security: keys?.brokerSecurity ?? .open, logLevel: logLevel),
      directory: directory, observer: observer, resumption: resumption, pool: pool)
  }

  /// Runs all rounds.
  ///
  /// - Returns: The state in which the run ended.
  /// - Throws: what broker or worker could not cope with.
  package func run() throws -> RunState {
    let context = try Context()
    defer { _ = context.terminate(within: .seconds(5)) }
    let failure = Mutex<(any Error)?>(nil)
    let ended = DispatchSemaphore(value: 0)
    var started = false
    var way: Way?
    defer { way?.stop() }
    let state = Result<RunState, any Error> {
      try broker.run(in: context) { endpoints in
        way = try makeWay(to: endpoints, in: context)
      } bound: { _ in
        started = true
        let groups = way?.groups ?? []
        Thread.detachNewThread { [self] in
          do {
            try work(as: groups, in: context)
          } catch {
            failure.withLock { $0 = error }
            broker.stop()
          }
          ended.signal()
        }
      }
    }
    // The broker is gone: a worker that wasn't told so would wait for its return.
    for worker in workers.withLock({ $0 }) { worker.stop() }
    if started { ended.wait() }
    if let failure = failure.withLock({ $0 }) { throw failure }
    return try state.get()
  }

  /// Ends the run early; what is there is kept.
  package func stop() { broker.stop() }

  /// The state of the run, with all who are there; nil while it doesn't run.
  package var presence: Presence? { broker.presence }

  /// Some clients, and where their worker connects.
  private struct WorkerGroup: Sendable {
    var clients: [Int]
    var endpoints: Endpoints
    /// The relay that it connects to, by its number; nil for the broker.
    var relay: Int?
  }

  /// The relays between the broker and the workers, and the addresses to which these connect.
  private struct Way {
    var tier: [(relay: RelayTier, context: Context)] = []
    var links: LinkRelay?
    var groups: [WorkerGroup] = []

    func stop() {
      links?.stop()
      for (relay, context) in tier {
        relay.stop()
        _ = context.terminate(within: .seconds(5))
      }
    }
  }

  /// Binds all relays between the broker and the workers.
  private func makeWay(to endpoints: Endpoints, in context: Context) throws -> Way {
    var way = Way()
    do {
      let parts = Self.parts(of: workload.topology, transport)
      for index in parts.indices {
        // Of its own, as each context has one list of those who may come in.
        let context = try Context()
        let relay = try RelayTier(
          to: endpoints, at: Endpoints(base: "tcp://127.0.0.1:*"),
          security: keys?.security(ofRelay: index) ?? .open,
          sampleUnit: workload.topology.rules.sampleUnit, in: context,
          report: { [observer] in observer.remarked("relay \(index): \($0)") })
        way.tier.append((relay, context))
      }
      way.groups =
        parts.isEmpty
        ? [WorkerGroup(clients: Array(0..<workload.topology.clients), endpoints: endpoints)]
        : parts.enumerated().map { index, part in
          WorkerGroup(
            clients: Array(part), endpoints: way.tier[index].relay.endpoints, relay: index)
        }
      guard transport == .tcp, workload.topology.hasLinks else { return way }
      let lines = try Self.lines(of: workload.topology, way.groups)
      let relay = try LinkRelay(
        lines, run: RandomStream(seed: workload.topology.seed).stream("relay"))
      way.links = relay
      let relays = way.groups.flatMap { group in group.clients.map { _ in group.relay } }
      way.groups = zip(zip(lines, relays), relay.places).map { line, places in
        WorkerGroup(
          clients: [line.0.client],
          endpoints: Endpoints(
            control: "\(places[0])", bulk: "\(places[1])", updates: "\(places[2])"),
          relay: line.1)
      }
      return way
    } catch {
      way.stop()
      throw error
    }
  }

  private func work(as groups: [WorkerGroup], in context: Context) throws {
    let memories = directory.paths.clients
    let workers = try groups.enumerated().map { index, group in
      try Worker(
        workload,
        settings: WorkerSettings(
          endpoints: group.endpoints, clients: group.clients, threads: threads,
          limits: workload.topology.limits, worker: UInt64(index) + 1,
          security: keys?.security(behind: group.relay) ?? .none, memories: memories),
        pool: pool,
        report: { [observer] report in
          guard case .unusableSamples(let client, let error) = report else { return }
          observer.remarked("client \(client) takes no part until its samples change: \(error)")
        })
    }
    self.workers.withLock { $0 = workers }
    let group = DispatchGroup()
    let outcome = Outcome()
    for worker in workers {
      group.enter()
      Thread.detachNewThread {
        do {
          try Self.play(worker, in: context)
        } catch {
          outcome.note(error)
          for worker in workers { worker.stop() }
        }
        group.leave()
      }
    }
    group.wait()
    if let error = outcome.error { throw error }
  }

  private static func play(_ worker: Worker, in context: Context) throws {
    switch try worker.run(in: context) {
    case .refused(.evicted, _): return  // as it was told
    case .refused(_, let detail): throw LocalRunError.refused(detail)
    case .turnedAway(let refusal): throw LocalRunError.refused("\(refusal)")
    case .otherPlan(let difference):
      let lines = difference.lines("at the broker", "here")
      throw LocalRunError.refused(lines.joined(separator: "; "))
    case .unusablePlan(let problem): throw LocalRunError.refused(problem)
    case .complete, .missed, .interrupted, .stopped, .abandoned: return
    }
  }

  /// The clients of each relay, neighbours together; none without relays.
  private static func parts(of topology: Topology, _ transport: Transport) -> [Range<Int>] {
    guard transport == .tcp else { return [] }
    let (clients, count) = (topology.clients, min(topology.relays, topology.clients))
    return (0..<count).map { clients * $0 / count..<clients * ($0 + 1) / count }
  }

  /// The links of all clients, each to where its group connects.
  private static func lines(
    of topology: Topology, _ groups: [WorkerGroup]
  ) throws -> [LinkRelay.Line] {
    let free = StreamAddress(loopback: 0)
    return try groups.flatMap { group in
      let places = [group.endpoints.control, group.endpoints.bulk, group.endpoints.updates]
      let leads = try places.map { place throws(RelayError) in try StreamAddress(place) }
      return group.clients.map { client in
        LinkRelay.Line(
          listens: [free, free, free], leads: leads, link: topology.link(of: client),
          client: client)
      }
    }
  }

  /// Refuses what can't be played over real sockets.
  private static func check(_ topology: Topology, _ transport: Transport) throws {
    try topology.requirePlayable(on: transport.clock)
    guard transport == .tcp else { return }
    if topology.hasLinks, topology.clients > mostLinks {
      throw LocalRunError.tooManyLinks(topology.clients)
    }
  }

  /// The most clients that can have links of their own: each is a worker, with six connections in
  /// this process.
  static let mostLinks = 200
}

/// The first error of several threads.
private final class Outcome: Sendable {
  private let first = Mutex<(any Error)?>(nil)

  var error: (any Error)? { first.withLock { $0 } }

  func note(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
}

extension Topology {
  /// True if any client's access link has limits.
  fileprivate var hasLinks: Bool {
    fleet.groups.contains { group in
      group.link != ClientGroup.unlimited || !group.recordedDevices.isEmpty
    }
  }

  /// The access link of a client.
  fileprivate func link(of client: Int) -> DuplexProfile {
    let group = fleet.groups.first { $0.clients.contains(client) }
    return group?.link(of: client) ?? ClientGroup.unlimited
  }
}

/// The reason why a simulation can't go on.
package enum LocalRunError: Error, CustomStringConvertible {
  /// The broker refused its own worker.
  case refused(String)
  /// More clients have links than one process has connections for.
  case tooManyLinks(Int)

  /// The fault, in words.
  package var description: String {
    switch self {
    case .tooManyLinks(let clients):
      """
      \(clients) clients with links are more than the \(LocalRun.mostLinks) that one process relays over \
      tcp; take fewer clients, or leave links to virtual time, without --clock real and --transport
      """
    case .refused(let detail): "the broker refused the simulated clients: \(detail)"
    }
  }
}
