import Federation
import Foundation
import Ledger
import LocalTraining
import Server
import Simulation
import TestSupport
import Testing
import Topology

/// Runs in virtual time that are stopped again and again, against the same run that never was.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct VirtualResumeTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// Notes the rounds that somebody is told of.
  private final class Listener: RunObserver {
    private let lock = NSLock()
    nonisolated(unsafe) private var heard: [Int] = []

    var rounds: [Int] { lock.withLock { heard } }

    func closed(_ progress: RunProgress) { lock.withLock { heard.append(progress.record.round) } }
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// Copies the run as it is when a round has ended, which is what a kill at that moment would
  /// leave.
  private struct Copier: RunObserver {
    let run: URL
    let copies: [Int: URL]

    func closed(_ progress: RunProgress) {
      guard let copy = copies[progress.record.round] else { return }
      try? FileManager.default.copyItem(at: run, to: copy)
    }
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// A fleet in which devices drop out, go away and are killed, and the broker twice.
  private static let trouble = """
    devices:
      phone: {speed: 20 MFLOP/s, spread: {logNormal: 1}, dropOut: 10 %}
    availability:
      phones: {on: 5 min, off: 2 min}
    groups:
      all: {link: 3g, device: phone, availability: phones}
    faults:
      - {round: 2, do: kill, target: 30 %, for: 20 s}
      - {round: 3, do: restart, for: 30 s}
      - {round: 5, do: restart, for: 10 s}
    """

  private static func topology(
    participation: String = "{perRound: 3}", codecs: String = "{up: linear8, down: linear8}",
    rounds: String = "[2, 2, 2]", training: String = "{epochs: 1}",
    partition: String = "{dirichlet: 0.5, minimum: 5}", evaluation: String = "",
    more: String = ""
  ) -> String {
    """
    name: tiny
    seed: 7
    clients: 8
    model: {name: convnet}
    data:
      name: synthetic
      partition: \(partition)
      limit: {train: 240, test: 60}
    stages: {rounds: \(rounds), warmUp: 1}
    participation: \(participation)
    codecs: \(codecs)
    training: \(training)
    evaluation: {every: 2\(evaluation)}
    \(more)
    """
  }

  private static func parse(_ text: String) throws -> Topology {
    try Topology(parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
  }

  /// Plays a run in `folder` until so many events have happened since its beginning; nil for all.
  private static func play(
    _ workload: Workload, in folder: URL, until last: Int? = nil, threads: Int = 1,
    observer: any RunObserver = Silence()
  ) throws -> (state: RunState, events: Int) {
    let paths = RunPaths(folder)
    let isThere = FileManager.default.fileExists(atPath: paths.ledger.path)
    let directory =
      isThere ? try RunDirectory.open(at: folder) : try RunDirectory.create(at: folder)
    defer { directory.release() }
    let resumption =
      isThere ? try VirtualResumption(of: directory, topology: workload.topology) : nil
    // Before the first round has ended nothing is kept, and there is nothing to lose.
    if isThere, resumption == nil {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
      where name != "lock" {
        try FileManager.default.removeItem(at: folder.appending(path: name))
      }
    }
    let simulation = Simulation(
      .training(workload, threads: threads), directory: directory, observer: observer,
      resumption: resumption)
    nonisolated(unsafe) var events = 0
    let state = try simulation.run(stoppingIf: {
      events += 1
      return last.map { events > $0 } ?? false
    })
    return (state, events)
  }

  /// All that a run leaves, but for what the wall's clock says.
  private static func result(in folder: URL) throws -> [String: Data] {
    let paths = RunPaths(folder)
    let store = try RunStore.read(at: paths.ledger)
    defer { store.close() }
    var summary = try store.summary()
    #expect(summary.state == .done && summary.wallClock != nil)
    summary.wallClock = nil
    return [
      "summary": Data(try summary.json().utf8), "model": try Data(contentsOf: paths.model),
      "best": try Data(contentsOf: paths.bestModel),
      "clients": Data("\(try store.clients())".utf8),
    ]
  }

  @Test(arguments: [
    topology(),
    topology(
      codecs: """
        {up: stc5, errorFeedback: true, down: linear8, downDelta: stc10, keyframeEvery: 3, initial: seed}
        """),
    topology(
      codecs: "{up: topk10, errorFeedback: true, down: linear8}",
      training: "{correction: scaffold, momentum: 0}"),
    topology(
      participation: "{perRound: 4}", rounds: "[4, 3, 3]", more: "limits: {normMultiple: 1}"),
    topology(
      rounds: "[3, 3, 2]", training: "{schedule: cosine}",
      more: "server: {optimizer: fedadam}\nstrategy: mixed"),
    topology(
      participation: "{perRound: 4, quorum: 50 %, grace: 2 s, deadline: 2 min, minimum: 2}",
      codecs: "{up: stc5, errorFeedback: true, down: linear8, downDelta: stc10}", more: trouble),
    topology(
      participation: """
        {perRound: 4, quorum: 50 %, grace: 2 s, deadline: 2 min, minimum: 2, stragglers: nextRound}
        """, more: trouble),
    // Clients train as deep as they make it.
    topology(
      participation: "{perRound: 4, depth: {rule: byTime, target: 20 s}, deadline: 2 min}",
      more: "groups: {city: {clients: 4, link: lte}, country: {link: 3g}}"),
    topology(
      participation: """
        {perRound: 4, quorum: 75 %, grace: 40 %, deadline: 2 min, minimum: 2,
         depth: {rule: byTime, least: 25 %, most: 50 %}}
        """,
      more: trouble.replacing(
        "all: {link: 3g", with: "few: {clients: 4, link: lte}\n  all: {link: 3g")),
    topology(
      participation: "{perRound: 4, depth: {rule: byTime, target: 20 s}, deadline: 2 min}",
      more: "strategy: mixed\ngroups: {city: {clients: 4, link: lte}, country: {link: 3g}}"),
    // Blocks take turns, or rest.
    topology(rounds: "[1, 2, 5], parts: {full: 1, each: 1}"),
    topology(rounds: "[1, 2, 4], resting: 2"),
    topology(more: "strategy: fedluar"),
    // Clients evaluate on what they hold out, too.
    topology(evaluation: ", clients: all, perClass: true"),
    topology(
      participation: """
        {perRound: 4, quorum: 50 %, grace: 2 s, deadline: 2 min, minimum: 2, stragglers: nextRound}
        """,
      codecs: "{up: linear8, down: linear8, downDelta: stc10}", evaluation: ", clients: 50 %",
      more: trouble),
    // On links without limits what a machine's timer sets off arrives at once.
    topology(
      participation: "{perRound: 4, quorum: 50 %, grace: 2 s, deadline: 2 min, minimum: 2}",
      more: trouble.replacing("link: 3g, ", with: "")),
    topology(
      participation: """
        {perRound: 4, deadline: 5 min, minimum: 2, stragglers: buffered, buffer: 3}
        """, more: trouble),
    // Three of the eight clients have no samples.
    topology(
      participation: "{perRound: 3, overSelect: 1.3, sampling: fair, deadline: 2 min}",
      partition: "{dirichlet: 0.02, minimum: 0}", more: trouble),
  ])
  func `a run that is stopped anywhere and goes on comes to the same as one that isn't`(
    text: String
  ) throws {
    let folder = try Folder()
    let workload = try Workload(try Self.parse(text))
    let whole = folder.url.appending(path: "whole")
    let (state, events) = try Self.play(workload, in: whole)
    #expect(state == .done)
    let run = folder.url.appending(path: "run")
    for part in 1...6 {
      let last = events * part / 7
      #expect(try Self.play(workload, in: run, until: last).state == .interrupted)
      // Stopping once more, at once, changes nothing either.
      guard part % 3 == 0 else { continue }
      #expect(try Self.play(workload, in: run, until: last).state == .interrupted)
    }
    #expect(try Self.play(workload, in: run, threads: 2).state == .done)
    #expect(try Self.result(in: run) == Self.result(in: whole))
    #expect(!FileManager.default.fileExists(atPath: RunPaths(run).resumePoints.path))
  }

  @Test func `stages that end by what is seen in them end in the same rounds`() throws {
    let folder = try Folder()
    let text = Self.topology().replacing(
      "stages: {rounds: [2, 2, 2], warmUp: 1}",
      with: "rounds: 8\nstages: {each: 3, warmUp: 1, when: movement, window: 2, minimum: 2}")
    let workload = try Workload(try Self.parse(text))
    let whole = folder.url.appending(path: "whole")
    let events = try Self.play(workload, in: whole).events
    let run = folder.url.appending(path: "run")
    for part in 1...5 {
      #expect(try Self.play(workload, in: run, until: events * part / 6).state == .interrupted)
    }
    #expect(try Self.play(workload, in: run).state == .done)
    #expect(try Self.result(in: run) == Self.result(in: whole))
  }

  /// A run that was stopped after most of its rounds, and how many events it had.
  private static func stopped(
    _ workload: Workload, in folder: URL, at share: Double = 0.7
  ) throws -> Int {
    let probe = folder.deletingLastPathComponent().appending(path: "probe")
    let events = try play(workload, in: probe).events
    #expect(
      try play(workload, in: folder, until: Int(share * Double(events))).state == .interrupted)
    return events
  }

  @Test func `nobody is told again, and nothing that ended is worked for again`() throws {
    let folder = try Folder()
    let workload = try Workload(try Self.parse(Self.topology()))
    let run = folder.url.appending(path: "run")
    _ = try Self.stopped(workload, in: run)
    let store = try RunStore.read(at: RunPaths(run).ledger)
    let last = try #require(try store.summary().rounds.last?.round)
    store.close()
    #expect(last >= 3 && last < 6)
    let listener = Listener()
    #expect(try Self.play(workload, in: run, observer: listener).state == .done)
    #expect(listener.rounds == Array(last + 1...6))
  }

  @Test func `a run that is killed at the end of any round goes on from the one before`() throws {
    let folder = try Folder()
    let workload = try Workload(
      try Self.parse(
        Self.topology(codecs: "{up: stc5, errorFeedback: true, down: linear8, downDelta: stc10}")))
    let run = folder.url.appending(path: "run")
    let copies = Dictionary(
      uniqueKeysWithValues: (1...6).map { ($0, folder.url.appending(path: "killed-\($0)")) })
    let directory = try RunDirectory.create(at: run)
    let simulation = Simulation(
      .training(workload, threads: 1), directory: directory,
      observer: Copier(run: run, copies: copies), keepingEvery: .zero)
    #expect(try simulation.run() == .done)
    directory.release()
    let whole = try Self.result(in: run)
    for (round, copy) in copies.sorted(by: { $0.key < $1.key }) {
      let killed = try RunDirectory.open(at: copy)
      let resumption = try VirtualResumption(of: killed, topology: workload.topology)
      killed.release()
      #expect(resumption?.round == (round > 1 ? round - 1 : nil))
      #expect(try Self.play(workload, in: copy).state == .done)
      #expect(try Self.result(in: copy) == whole)
    }
  }

  @Test func `a run that was killed goes on from where it was kept last, whatever it did since`()
    throws
  {
    let folder = try Folder()
    let workload = try Workload(try Self.parse(Self.topology()))
    let run = folder.url.appending(path: "run")
    _ = try Self.stopped(workload, in: run, at: 0.5)
    // The files of another run that got further stand for what a killed one leaves beside its
    // resume point.
    let whole = folder.url.appending(path: "probe")
    let files = FileManager.default
    for part in [\RunPaths.ledger, \.checkpoints, \.spool] {
      try files.removeItem(at: RunPaths(run)[keyPath: part])
      try files.copyItem(
        at: RunPaths(whole)[keyPath: part], to: RunPaths(run)[keyPath: part])
    }
    #expect(try Self.play(workload, in: run).state == .done)
    #expect(try Self.result(in: run) == Self.result(in: whole))
  }

  @Test func `a damaged resume point isn't used, and one of another program says so`() throws {
    let folder = try Folder()
    let workload = try Workload(try Self.parse(Self.topology()))
    let run = folder.url.appending(path: "run")
    _ = try Self.stopped(workload, in: run)
    let directory = try RunDirectory.open(at: run)
    let points = ResumePointStore(of: directory.paths)
    let (kept, place) = try #require(try points.latest())
    var state = kept

    // Another order of the calls, as a program would have that does things in another way.
    let text = String(decoding: try #require(state.bytes["journal"]), as: UTF8.self)
    let traces = try #require(text.firstRange(of: "\"traces\":["))
    state.bytes["journal"] = Array(
      (text[..<traces.upperBound] + "1," + text[traces.upperBound...]).utf8)
    let ledger = try RunStore.open(at: directory.paths.ledger)
    try points.write(ledger: ledger) { _ in state }
    ledger.close()
    directory.release()
    #expect(throws: ReplayError.self) { try Self.play(workload, in: run) }

    let file = try #require(try points.latest()?.directory.appending(path: "state.safetensors"))
    #expect(file.deletingLastPathComponent() != place)
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: file)
    #expect(try points.latest() == nil)

    state.bytes["journal"] = Array("{}".utf8)
    let store = try RunStore.open(at: directory.paths.ledger)
    try points.write(ledger: store) { _ in state }
    store.close()
    #expect(throws: ReplayError.self) { try Self.play(workload, in: run) }
  }

  @Test func `other links are noticed, though the same clients train the same`() throws {
    let folder = try Folder()
    let links = "groups:\n  all: {link: 3g}"
    let run = folder.url.appending(path: "run")
    _ = try Self.stopped(try Workload(try Self.parse(Self.topology(more: links))), in: run)
    let other = Self.topology(more: links.replacing("3g", with: "lte"))
    #expect(throws: ReplayError.self) { try Self.play(Workload(try Self.parse(other)), in: run) }
  }

  @Test func `a run goes on with its own topology alone`() throws {
    let folder = try Folder()
    let workload = try Workload(try Self.parse(Self.topology()))
    let run = folder.url.appending(path: "run")
    _ = try Self.stopped(workload, in: run)
    let other = try Workload(try Self.parse(Self.topology(rounds: "[2, 2, 3]")))
    #expect(throws: ResumptionError.self) { try Self.play(other, in: run) }
    #expect(try Self.play(workload, in: run).state == .done)
  }
}
