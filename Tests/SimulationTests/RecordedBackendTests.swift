import Bytes
import Federation
import Foundation
import Ledger
import LocalTraining
import Server
import Simulation
import TestSupport
import Testing
import Topology
import Wire

/// A backend whose answers are recorded, stopped and played again.
struct RecordedBackendTests {
  private let folder: Folder
  private let workload: Workload
  private let plan: BrokerPlan
  private let ledger: RunStore
  private let points: ResumePointStore

  init() throws {
    folder = try Folder()
    let text = """
      seed: 7
      clients: 4
      model: {name: convnet}
      data: {name: synthetic, limit: {train: 40, test: 10}}
      stages: {rounds: [1, 1, 2]}

      """
    let topology = try Topology(
      parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
    workload = try Workload(topology)
    plan = topology.brokerPlan(run: 5, epoch: 1)
    let paths = RunPaths(folder.url)
    for directory in [paths.checkpoints, paths.spool] {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }
    ledger = try RunStore.create(
      at: paths.ledger,
      header: RunHeader(topology, seed: 7, transport: "modelled", clock: "virtual"))
    points = ResumePointStore(of: paths)
  }

  private func recorded(
    _ backend: ScriptedBackend, after earlier: FleetSnapshot? = nil
  ) -> RecordedBackend {
    RecordedBackend(
      backend, plan: plan, points: points, ledger: ledger, keepingEvery: .seconds(3600),
      earlier: earlier)
  }

  private func scripted() -> ScriptedBackend { ScriptedBackend(plan.schedule) }

  /// The snapshot of the newest resume point.
  private func snapshot() throws -> FleetSnapshot {
    let state = try #require(try points.latest()).state
    return try #require(FleetSnapshot(state, of: workload, run: plan.run))
  }

  /// The beginning of `round`: its model, and the trainings of `clients`.
  private func begin(
    _ round: Int, _ clients: [Int], on backend: RecordedBackend
  ) throws -> [any PendingUpdate] {
    let model = try backend.prepare(round: round)
    let announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 1, learningRate: 1, selected: clients,
      segments: model.segments, updateCodec: plan.updateCodec)
    let task = ClientTask(round: round, stage: 1, announce: announce, steps: [])
    return try clients.map { try backend.begin(task, client: $0, isLikely: true) }
  }

  private func store(
    _ result: TrainingResult, _ round: Int, _ client: Int, on backend: RecordedBackend
  ) throws -> StoreResult? {
    guard case .trained(let offer, let update) = result else { return nil }
    return try backend.store(
      round: round, client: client, attempt: 1, Submission(offer, round: round, stage: 1), update)
  }

  private func close(_ round: Int, on backend: RecordedBackend) throws {
    let result = RoundResult(
      round: round, opened: .zero, closed: .seconds(round), outcomes: [], duplicates: 0)
    try backend.close(
      ClosedRound(
        result: result, book: RoundBook(), total: TwoWayTraffic(), elapsed: .seconds(round)))
  }

  /// A whole round of `clients`: the answers, as texts.
  private func play(_ round: Int, _ clients: [Int], on backend: RecordedBackend) throws -> [String]
  {
    var answers: [String] = []
    for (client, training) in zip(clients, try begin(round, clients, on: backend)) {
      let result = training.outcome()
      switch result {
      case .trained(let offer, let update):
        answers.append("\(offer.digest.short) \(update.length)")
        let stored = try store(result, round, client, on: backend)
        answers += stored.map { ["\($0)"] } ?? []
        let mark = CountedUpdate(offer, round: round)
        try backend.keep(update, of: client, as: mark, after: nil)
      case .failed(let reason, let detail): answers.append("\(reason) \(detail)")
      }
    }
    try close(round, on: backend)
    return answers
  }

  @Test func `a run that goes on gets the recorded answers, and then new ones`() throws {
    let (first, rounds) = (scripted(), [[0, 2, 3], [1, 2]])
    let run = recorded(first)
    let answers = try rounds.enumerated().map { try play($0 + 1, $1, on: run) }
    #expect(answers[0].count == 5 && answers[0][4] == "noData client 3 has none")
    #expect(answers[0][3].contains("of client 2"))
    try run.suspend()
    let next = scripted()
    let again = recorded(next, after: try snapshot())
    #expect(again.isReplaying)
    #expect(try rounds.enumerated().map { try play($0 + 1, $1, on: again) } == answers)
    #expect(next.work == [] && !again.isReplaying)
    #expect(try play(3, [0, 1], on: again) == play(3, [0, 1], on: run))
    #expect(next.work == Array(first.work.suffix(next.work.count)) && next.work[0] == "prepare 3")
    #expect(again.samples(of: 3) == 30)
  }

  @Test func `the last recorded call may be in the middle of a round`() throws {
    let run = recorded(scripted())
    _ = try play(1, [0, 1], on: run)
    let trainings = try begin(2, [0, 1, 3], on: run)
    // One update is held when the run stops, one was never asked for, one has failed.
    let held = trainings[0].outcome()
    try withExtendedLifetime((trainings, held)) { try run.suspend() }
    let next = scripted()
    let again = recorded(next, after: try snapshot())
    _ = try play(1, [0, 1], on: again)
    let replayed = try begin(2, [0, 1, 3], on: again)
    #expect(next.work == [] && !again.isReplaying)
    for (training, client) in zip(replayed, [0, 1, 3]) {
      guard case .trained(let offer, let update) = training.outcome() else {
        #expect(client == 3)
        continue
      }
      #expect(update.buffer?.bytes == [2, UInt8(client)] && offer.loss.isNaN)
    }
    #expect(next.work == [], "no training was repeated")
    guard case .trained(_, let update) = held else { return }
    #expect(try store(held, 2, 0, on: again) == .accepted && update.length == 2)
    #expect(next.work == ["store 0"])
  }

  @Test func `another way through the rounds is noticed when the round ends`() throws {
    let run = recorded(scripted())
    for round in 1...2 { _ = try play(round, [0, 1], on: run) }
    try run.suspend()
    let again = recorded(scripted(), after: try snapshot())
    _ = try play(1, [0, 1], on: again)
    #expect { _ = try play(2, [1, 0], on: again) } throws: { error in
      guard case ReplayError.otherRun(round: 2) = error else { return false }
      return "\(error)".contains("goes another way than before")
    }
  }

  @Test func `nothing is kept before a round has ended, nor while answers are read`() throws {
    let run = recorded(scripted())
    try run.suspend()
    #expect(try points.latest() == nil)
    _ = try play(1, [0], on: run)
    try run.suspend()
    let kept = try #require(try points.latest()).directory
    let again = recorded(scripted(), after: try snapshot())
    _ = try again.prepare(round: 1)
    try again.suspend()
    #expect(try points.latest()?.directory == kept)
  }

  @Test func `a finished run leaves no point behind`() throws {
    let run = recorded(scripted())
    _ = try play(1, [0], on: run)
    try run.suspend()
    try run.finish(state: .done, book: RoundBook(), elapsed: .zero, wallClock: .zero)
    #expect(try points.latest() == nil)
  }

  @Test func `a snapshot of another run, or of no run, isn't taken up`() throws {
    let run = recorded(scripted())
    _ = try play(1, [0], on: run)
    try run.suspend()
    var state = try #require(try points.latest()).state
    #expect(FleetSnapshot(state, of: workload, run: plan.run + 1) == nil)
    let journal = try #require(state.bytes["journal"])
    state.bytes["journal"] = Array(journal.dropLast())
    #expect(FleetSnapshot(state, of: workload, run: plan.run) == nil)
    state.bytes["journal"] = nil
    #expect(FleetSnapshot(state, of: workload, run: plan.run) == nil)
  }
}

/// The points from which runs in virtual time go on.
struct VirtualResumptionTests {
  private static func topology(_ seed: Int) throws -> Topology {
    let text = """
      seed: \(seed)
      clients: 4
      model: {name: convnet}
      data: {name: synthetic, limit: {train: 40, test: 10}}
      stages: {rounds: [1, 1, 2]}

      """
    return try Topology(
      parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
  }

  /// A run in a folder, with a resume point after round 2.
  private static func run(in folder: Folder) throws -> RunDirectory {
    let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
    let topology = try topology(7)
    let ledger = try RunStore.create(
      at: directory.paths.ledger,
      header: RunHeader(topology, seed: 7, transport: "modelled", clock: "virtual"),
      origin: RunOrigin(topology, run: 5))
    defer { ledger.close() }
    try ResumePointStore(of: directory.paths).write(ledger: ledger) { _ in
      Checkpoint(round: 2, state: Data("{}".utf8))
    }
    return directory
  }

  @Test func `a run goes on after the round of its newest point`() throws {
    let folder = try Folder()
    let directory = try Self.run(in: folder)
    defer { directory.release() }
    #expect(try VirtualResumption(of: directory, topology: Self.topology(7))?.round == 2)
  }

  @Test func `a run of another topology is refused, with what differs`() throws {
    let folder = try Folder()
    let directory = try Self.run(in: folder)
    defer { directory.release() }
    #expect { try VirtualResumption(of: directory, topology: Self.topology(8)) } throws: { error in
      "\(error)".contains("seed: 7 then, 8 now")
    }
  }

  @Test func `a run without a whole point can only begin anew`() throws {
    let folder = try Folder()
    let directory = try Self.run(in: folder)
    defer { directory.release() }
    let state = directory.paths.directory.appending(path: "resume/1/state.safetensors")
    let bytes = try Data(contentsOf: state)
    try bytes.dropLast().write(to: state)
    #expect(try VirtualResumption(of: directory, topology: Self.topology(7)) == nil)
    try FileManager.default.removeItem(at: state)
    #expect(try VirtualResumption(of: directory, topology: Self.topology(7)) == nil)
  }
}
