import Foundation
import TestSupport

/// A broker and its workers as processes of their own, each worker behind a relay whose connections
/// can be cut, and their folders on disks that can be full.
final class DisturbedFleet {
  /// The clients of each worker.
  static let clients = (0..<5).map { 2 * $0...2 * $0 + 1 }

  /// What happened so far, as the checker is to be told.
  private(set) var events: [RunHistory.Event] = []
  /// What went otherwise than the faults explain, in sentences.
  private(set) var surprises: [String] = []
  /// The latest round that a worker wrote of.
  private(set) var latestRound = 0
  /// How often a process was started with a monotonic clock of its own.
  private(set) var shiftedClocks = 0

  private let folder: Folder
  private let rounds: Int
  private let port: Int
  private let relays: [(relay: TCPRelay, port: Int)]
  private let disks: SmallDisks?
  /// All brokers, the last of which may be at work.
  private var brokers: [Command] = []
  /// All processes of each worker, and how many lines of the last one are among the events.
  private var workers: [(commands: [Command], lines: Int)]
  /// The processes that are down until a fault is undone; nil for the broker.
  private var down: Set<Int?> = []
  /// The disks that were full since the broker, and each worker, were last started.
  private var wasFull: Set<Int?> = []
  /// Where among the events the last start of the broker belongs, until it is there.
  private var startPlace: Int?

  /// Starts a broker and workers on `topology`, which has so many rounds.
  init(_ topology: String, rounds: Int, in folder: Folder) throws {
    (self.folder, self.rounds) = (folder, rounds)
    let port = try freePorts()
    self.port = port
    relays = try Self.clients.map { _ in
      let own = try freePorts()
      return (try TCPRelay(from: own, to: port, count: 3), own)
    }
    workers = Self.clients.map { _ in ([], 0) }
    let places = ["broker", "state"].map { folder.path($0) }
    for place in places {
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    }
    disks = SmallDisks(in: places, mebibytes: 96)
    try startBroker(["broker", topology, "--out", run], clock: 0)
    for worker in workers.indices { try startWorker(worker, clock: 0) }
  }

  /// The kinds of faults that can be done to it here.
  var kinds: [Nemesis.Kind] {
    Nemesis.Kind.allCases.filter { disks != nil || $0 != .fillRun && $0 != .fillState }
  }

  /// True when the last rounds have begun.
  var isNearItsEnd: Bool { latestRound > rounds - 10 }

  private var run: String { folder.path("broker/run") }

  private func state(of worker: Int) -> String { folder.path("state/\(worker)") }

  /// Where this process finds a path of the fleet's.
  private func outside(_ path: String) -> String { disks?.outside(path) ?? path }

  // MARK: Processes

  private func wrapper(_ clock: Int) -> [String] {
    if clock != 0 { shiftedClocks += 1 }
    return (disks?.wrapper ?? []) + OtherClock.wrapper(ahead: clock)
  }

  private func startBroker(_ arguments: [String], clock: Int) throws {
    noteStart()
    brokers.append(
      try Command(
        arguments + ["--bind", "tcp://127.0.0.1:\(port)", "--threads", "1"], within: wrapper(clock))
    )
    startPlace = events.count
    wasFull.remove(nil)
  }

  private func startWorker(_ worker: Int, clock: Int) throws {
    let range = Self.clients[worker]
    workers[worker].commands.append(
      try Command(
        [
          "worker", "--connect", "tcp://127.0.0.1:\(relays[worker].port)", "--threads", "1",
          "--clients", "\(range.lowerBound)-\(range.upperBound)", "--stay", "--state",
          state(of: worker),
        ], within: wrapper(clock)))
    workers[worker].lines = 0
    wasFull.remove(worker)
  }

  private func start(_ process: Int?, clock: Int) throws {
    if let process {
      try startWorker(process, clock: clock)
    } else {
      try startBroker(["broker", "--resume", run], clock: clock)
    }
  }

  /// The process at work, or the one that was; nil for the broker.
  private func command(_ process: Int?) -> Command {
    process.map { workers[$0].commands[workers[$0].commands.count - 1] }
      ?? brokers[brokers.count - 1]
  }

  // MARK: Faults

  /// Does a fault; false if there is nothing to do it to.
  func suffer(_ fault: Nemesis.Fault) throws -> Bool {
    switch fault.kind {
    case .killBroker: return kill(nil)
    case .killWorker: return kill(fault.worker)
    case .killTwice:
      // No `||`: both are to be done.
      let done = [kill(nil), kill(fault.worker)]
      return done.contains(true)
    case .stopBroker, .stopWorker:
      let process = command(fault.kind == .stopBroker ? nil : fault.worker)
      guard process.isRunning else { return false }
      process.send(SIGSTOP)
    case .cut, .flap: relays[fault.worker].relay.cut()
    case .fillRun, .fillState: fill(fault.kind)
    }
    return true
  }

  /// Ends a fault.
  func undo(_ fault: Nemesis.Fault) throws {
    switch fault.kind {
    case .killBroker: try raise(nil, fault.clock)
    case .killWorker: try raise(fault.worker, fault.clock)
    case .killTwice:
      try raise(nil, fault.clock)
      try raise(fault.worker, fault.clock)
    case .stopBroker, .stopWorker:
      let process = command(fault.kind == .stopBroker ? nil : fault.worker)
      if process.isRunning { process.send(SIGCONT) }
    case .cut, .flap: break
    case .fillRun: disks?.free(folder.path("broker"))
    case .fillState: disks?.free(folder.path("state"))
    }
  }

  /// Kills a process as if its machine had lost its power; false if it isn't there.
  private func kill(_ process: Int?) -> Bool {
    let victim = command(process)
    guard victim.isRunning, !down.contains(process) else { return false }
    victim.send(SIGKILL)
    guard victim.status(within: 60) == SIGKILL else { return false }
    down.insert(process)
    read()
    if let process, let memories = memories(of: process) {
      events.append(.killed(worker: process, memories: memories))
    }
    return true
  }

  private func raise(_ process: Int?, _ clock: Int) throws {
    guard down.remove(process) != nil else { return }
    try start(process, clock: clock)
  }

  private func fill(_ kind: Nemesis.Kind) {
    disks?.fill(folder.path(kind == .fillRun ? "broker" : "state"))
    wasFull.formUnion(kind == .fillRun ? [nil] : workers.indices.map(Optional.some))
  }

  /// Has open faults go on, and starts again what ended of a full disk.
  func tend(_ open: [Nemesis.Fault]) throws {
    for fault in open {
      switch fault.kind {
      case .flap: relays[fault.worker].relay.cut()
      case .fillRun, .fillState: fill(fault.kind)
      default: break
      }
    }
    read()
    for process in [nil] + workers.indices.map(Optional.some) where !down.contains(process) {
      let command = command(process)
      guard !command.isRunning, let status = command.status(), status != 0 else { continue }
      let isFull = open.contains { $0.kind == (process == nil ? .fillRun : .fillState) }
      let isExpected =
        status == 69 && wasFull.contains(process) && command.standardError.contains("full")
      if !isExpected {
        let name = process.map { "worker \($0)" } ?? "the broker"
        surprises.append(
          "\(name) ended by itself with status \(status): "
            + command.standardError.suffix(400))
      }
      if surprises.count < 10, !isFull { try start(process, clock: 0) }
    }
  }

  // MARK: The end

  /// Waits until the broker has ended well, and then the workers; false if they didn't within so
  /// many seconds.
  func settle(within limit: Double) throws -> Bool {
    let end = ContinuousClock.now + .seconds(limit)
    while ContinuousClock.now < end, surprises.isEmpty {
      try tend([])
      if !command(nil).isRunning, command(nil).status() == 0 { break }
      Thread.sleep(forTimeInterval: 0.05)
    }
    noteStart()
    let isDone = !command(nil).isRunning && command(nil).status() == 0
    guard isDone else { return false }
    for worker in workers.indices {
      let status = command(worker).status(within: 60)
      guard status != 0 else { continue }
      surprises.append(
        "worker \(worker) ended with \(status.map { "status \($0)" } ?? "a signal"): "
          + command(worker).standardError.suffix(400))
    }
    read()
    return true
  }

  /// What happened and what the ledger says in the end, with the run's files in a folder that
  /// outlives the disks.
  func history(expecting digest: String) throws -> RunHistory {
    let copy = folder.url.appending(path: "ledger")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: outside(run))
    where name.hasPrefix("run.sqlite") {
      try FileManager.default.copyItem(
        atPath: outside("\(run)/\(name)"), toPath: copy.appending(path: name).path)
    }
    var history = RunHistory(
      ledger: try RunHistory.Ledger(at: copy.path), events: events, clients: Self.clients,
      expectedDigest: digest)
    for worker in workers.indices { history.leftMemories.formUnion(memories(of: worker) ?? []) }
    return history
  }

  /// The last lines of all processes, for people.
  func tails(lines: Int = 25) -> String {
    ([nil] + workers.indices.map(Optional.some)).map { process in
      let all = process.map { workers[$0].commands } ?? brokers
      let text = all.map(\.standardError).joined(separator: "-- started again\n")
      return "\(process.map { "worker \($0)" } ?? "broker"):\n"
        + text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  // MARK: What workers write

  /// Takes up what workers have written since.
  private func read() {
    for worker in workers.indices {
      guard let command = workers[worker].commands.last else { continue }
      // What follows the last line break isn't a whole line.
      let lines = command.standardError.split(separator: "\n", omittingEmptySubsequences: false)
        .dropLast()
      for line in lines.dropFirst(workers[worker].lines) {
        guard let event = Self.event(line, worker) else { continue }
        events.append(event)
        if case .trains(let update, _) = event { latestRound = max(latestRound, update.round) }
      }
      workers[worker].lines = lines.count
    }
  }

  /// Takes up all that was written before a start of the broker that comes now, and how far the one
  /// before it came.
  private func noteStart() {
    read()
    guard let place = startPlace, let broker = brokers.last else { return }
    startPlace = nil
    events.insert(
      .brokerStarted(listened: broker.standardError.contains("listening on")), at: place)
  }

  private static func event(_ line: Substring, _ worker: Int) -> RunHistory.Event? {
    if let match = line.wholeMatch(of: #/round (\d+), stage \d+: client (\d+) trains/#) {
      return update(match.output.1, match.output.2).map { .trains($0, worker: worker) }
    }
    if let match = line.wholeMatch(of: #/round (\d+): client (\d+)'s update counts/#) {
      return update(match.output.1, match.output.2).map { .told($0, worker: worker) }
    }
    if let match = line.prefixMatch(of: #/round (\d+): what client (\d+) remembers isn't here/#) {
      return update(match.output.1, match.output.2).map { .forgot($0, worker: worker) }
    }
    return nil
  }

  private static func update(_ round: Substring, _ client: Substring) -> TinyRun.Update? {
    guard let round = Int(round), let client = Int(client) else { return nil }
    return TinyRun.Update(round: round, client: client)
  }

  /// The updates whose memories lie in a worker's folder, by the files' names; nil if it can't be
  /// read.
  private func memories(of worker: Int) -> Set<TinyRun.Update>? {
    let state = outside(state(of: worker))
    guard let names = try? FileManager.default.subpathsOfDirectory(atPath: state) else {
      return nil
    }
    return Set(
      names.compactMap { name in
        name.firstMatch(of: #/client-(\d+)\.round-(\d+)\.[0-9a-f]+\.memory$/#).flatMap {
          Self.update($0.output.2, $0.output.1)
        }
      })
  }
}
