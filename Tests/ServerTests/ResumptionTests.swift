import Bytes
import Federation
import Foundation
import Ledger
import LocalTraining
import Server
import TestSupport
import Testing
import Topology
import Wire

/// Runs that go on after their process ended, and the reasons for which they can't.
struct ResumptionTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  private static func topology(seed: Int = 7) throws -> Topology {
    try Topology(
      parsing: """
        name: tiny
        seed: \(seed)
        clients: 3
        model: {name: convnet}
        data:
          name: synthetic
          limit: {train: 60, test: 20}
        stages: {rounds: [2, 2, 2]}

        """, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
  }

  /// The directory of a run whose ledger has `rounds`, and checkpoints of those in `checkpoints`.
  private func run(
    rounds: Int = 0, checkpoints: [Int] = [], clock: String = "real", withOrigin: Bool = true,
    state: RunState? = nil, digest: Bool = false, run: UInt64 = 5, costModel: Int? = nil,
    epoch: Int? = nil
  ) throws -> RunDirectory {
    let topology = try Self.topology()
    let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
    defer { directory.release() }
    let ledger = try RunStore.create(
      at: directory.paths.ledger,
      header: RunHeader(topology, seed: 7, transport: "tcp", clock: clock),
      origin: withOrigin ? RunOrigin(topology, run: 5, costModel: costModel) : nil, labels: [])
    defer { ledger.close() }
    try ledger.begin(Epoch(number: 3, round: 1, elapsed: .zero, start: "2026-01-01T00:00:00Z"))
    for round in 0..<rounds {
      try ledger.append(
        RoundRecord(round: round + 1, stage: 1, elapsed: .seconds(1)), book: RoundBook())
    }
    for round in checkpoints {
      let json = """
        {"run":\(run),"epoch":\(epoch.map(String.init) ?? "null"),"elapsed":\(Double(round) + 0.5),"collapse":{"best":0,"reported":0},\
        "history":{"reliabilities":{},"restrictions":{},"turns":{}},\
        "model":{"stage":1,"optimizerStage":1,"changed":[],"references":{}}}
        """
      try CheckpointStore(directory: directory.paths.checkpoints).write(
        Checkpoint(round: round, state: Data(json.utf8)))
    }
    if let state {
      try ledger.finish(
        FinalRecord(
          state: state, modelDigest: digest ? .init(of: [1]) : nil, elapsed: .seconds(9),
          wallClock: .seconds(9)))
    }
    return directory
  }

  /// The error with which a run of `topology` can't go on.
  private func refusal(_ directory: RunDirectory, seed: Int = 7) throws -> ResumptionError? {
    let topology = try Self.topology(seed: seed)
    return #expect(throws: ResumptionError.self) {
      try Resumption(of: directory, topology: topology)
    }
  }

  @Test func `a run goes on after its newest checkpoint, in a new epoch`() throws {
    let directory = try run(rounds: 4, checkpoints: [2, 3])
    let resumption = try Resumption(of: directory, topology: Self.topology())
    #expect(resumption.round == 4 && resumption.repeated == 4...4 && resumption.epoch == 4)
    #expect(resumption.elapsed == .seconds(3.5))
    #expect(resumption.origin.run == 5 && resumption.damaged.isEmpty)
    #expect(resumption.model?.checkpoint.round == 3)
  }

  @Test func `an incarnation's number doesn't recur, whatever else is lost`() throws {
    // The ledger knows of the third.
    let directory = try run(rounds: 2, checkpoints: [2])
    let topology = try Self.topology()
    let record = EpochRecord(in: directory.paths)
    try record.begin(2)
    #expect(try Resumption(of: directory, topology: topology).epoch == 4)
    try record.begin(7)
    #expect(try Resumption(of: directory, topology: topology).epoch == 8)
    let other = try ResumptionTests()
    let later = try other.run(rounds: 2, checkpoints: [2], epoch: 9)
    #expect(try Resumption(of: later, topology: topology).epoch == 10)
  }

  @Test(arguments: [Int.max, 1 << 32, 1 << 31])
  func `an incarnation that can't have been is damage, and named`(epoch: Int) throws {
    let topology = try Self.topology()
    let directory = try run(rounds: 2, checkpoints: [2])
    try Data("\(epoch)\n".utf8).write(to: directory.paths.epoch)
    let other = try ResumptionTests()
    let later = try other.run(rounds: 2, checkpoints: [2], epoch: epoch)
    for (directory, place) in [
      (directory, directory.paths.epoch), (later, later.paths.checkpoints),
    ] {
      let error = #expect(throws: LedgerError.self) {
        try Resumption(of: directory, topology: topology)
      }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains(place.lastPathComponent) && text.contains("\(epoch)"), "\(text)")
    }
    try Data("\((1 << 31) - 1)\n".utf8).write(to: directory.paths.epoch)
    #expect(try Resumption(of: directory, topology: topology).epoch == 1 << 31)
  }

  @Test func `a checkpoint of a time that can't be counted isn't one of this run`() throws {
    let directory = try run(rounds: 2, checkpoints: [2])
    let store = CheckpointStore(directory: directory.paths.checkpoints)
    var checkpoint = try #require(try store.latest().checkpoint)
    for elapsed in ["\"inf\"", "1e300", "-1"] {
      let text = String(decoding: checkpoint.state, as: UTF8.self)
      let start = try #require(text.range(of: "\"elapsed\":")?.upperBound)
      let end = try #require(text[start...].firstIndex(of: ","))
      checkpoint.state = Data(text.replacingCharacters(in: start..<end, with: elapsed).utf8)
      try store.write(checkpoint)
      #expect(throws: LedgerError.self) {
        try Resumption(of: directory, topology: Self.topology())
      }
    }
  }

  @Test func `a kept normalization of other channels is damage, and named`() throws {
    let topology = try Topology(
      parsing: """
        name: theirs
        clients: 3
        rounds: 3
        model: {name: convnet}
        data: {from: clients, input: [1, 28, 28], classes: [cat, dog], normalization: federated}

        """, file: "theirs.yaml", overrides: Overrides(), checksFiles: false)
    for channels in [1, 3] {
      let paths = RunPaths(folder.url.appending(path: "of \(channels)"))
      try FileManager.default.createDirectory(
        at: paths.directory, withIntermediateDirectories: true)
      let ledger = try RunStore.create(
        at: paths.ledger, header: RunHeader(topology, seed: 7, transport: "test"))
      defer { ledger.close() }
      try ledger.keep(
        MeasuredNormalization(
          means: Array(repeating: 0.1, count: channels),
          deviations: Array(repeating: 1, count: channels), clients: 2, samples: 9))
      func server() throws -> ServerState {
        try ServerState(
          workload: try Workload(topology), plan: topology.brokerPlan(run: 5, epoch: 1),
          pool: TrainingPool(width: 1), directory: paths, ledger: ledger, observer: Silence(),
          labels: [])
      }
      if channels == 1 {
        #expect(try server().normalization?.means == [0.1])
        continue
      }
      let error = #expect(throws: LedgerError.self) { try server() }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains("run.sqlite") && text.contains("3 channels"), "\(text)")
    }
  }

  @Test func `a checkpoint that is ahead of the ledger isn't gone on from`() throws {
    let directory = try run(rounds: 3, checkpoints: [3, 4])
    let resumption = try Resumption(of: directory, topology: Self.topology())
    #expect(resumption.round == 4 && resumption.unbooked == [4] && resumption.repeated == nil)
    #expect(resumption.model?.checkpoint.round == 3)
  }

  @Test func `a ledger that lost its last rounds is refused by name`() throws {
    let error = try #require(try refusal(run(rounds: 2, checkpoints: [4, 5])))
    guard case .lostBooks(_, ledger: 2, checkpoint: 5) = error else {
      Issue.record("\(error)")
      return
    }
    #expect("\(error)".contains("the ledger ends with round 2"))
  }

  @Test func `a run without a round goes on from its beginning`() throws {
    let resumption = try Resumption(of: try run(), topology: Self.topology())
    #expect(resumption.round == 1 && resumption.repeated == nil && resumption.elapsed == .zero)
    #expect(resumption.model == nil)
  }

  @Test func `a stopped run's clock goes on from where it stopped`() throws {
    let directory = try run(rounds: 2, checkpoints: [2], state: .interrupted)
    #expect(try Resumption(of: directory, topology: Self.topology()).elapsed == .seconds(9))
  }

  @Test func `another topology is refused with what differs`() throws {
    let error = try #require(try refusal(run(), seed: 8))
    guard case .otherRun(_, "tiny.yaml", let difference, isOver: false) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(difference.lines("then", "now") == ["seed: 7 then, 8 now"])
  }

  @Test func `a run without a usable checkpoint after its first rounds is refused`() throws {
    guard case .noCheckpoint = try refusal(run(rounds: 3)) else {
      Issue.record("it isn't refused for the want of a checkpoint")
      return
    }
  }

  @Test func `a run in virtual time doesn't go on in real time`() throws {
    guard case .virtual = try refusal(run(clock: "virtual")) else {
      Issue.record("it isn't refused for its clock")
      return
    }
  }

  @Test func `a run of a version that kept no origin is refused`() throws {
    guard case .tooOld = try refusal(run(withOrigin: false)) else {
      Issue.record("it isn't refused for its age")
      return
    }
  }

  @Test func `a checkpoint of another run is damage, and named`() throws {
    let directory = try run(rounds: 2, checkpoints: [2], run: 6)
    let error = #expect(throws: LedgerError.self) {
      try Resumption(of: directory, topology: Self.topology())
    }
    let problem = try #require(error?.problem)
    #expect(problem.hasSuffix("the checkpoint after round 2 is one of another run"), "\(problem)")
  }

  @Test func `an earlier run tells how far it came`() throws {
    let earlier = try EarlierRun(in: run(rounds: 2, state: .interrupted).paths)
    #expect(earlier.state == .interrupted && earlier.header.name == "tiny")
    #expect(earlier.origin?.run == 5)
    try earlier.check(Self.topology())
    #expect(throws: ResumptionError.self) { try earlier.check(Self.topology(seed: 8)) }
    try earlier.check(clock: "real")
    #expect(throws: ResumptionError.self) { try earlier.check(clock: "virtual") }
  }

  @Test func `a finished run isn't shown as one over another transport`() throws {
    let earlier = try EarlierRun(in: run(rounds: 6, state: .done).paths)
    try earlier.check(Self.topology(), transport: "tcp")
    let error = #expect(throws: ResumptionError.self) {
      try earlier.check(Self.topology(), transport: "ipc")
    }
    #expect(error.map { "\($0)" }?.contains("transport: tcp then, ipc now") == true)
  }

  @Test func `a run is extended from its last model, if it is finished and trained`() throws {
    let done = try EarlierRun(in: run(rounds: 2, state: .done, digest: true).paths)
    let extended = try done.extended(by: 5)
    #expect(extended.rounds == 5 && extended.origin?.rounds == 2)
  }

  @Test func `an unfinished run, and one that trained nothing, aren't extended`() throws {
    let unfinished = try EarlierRun(in: run(state: .interrupted, digest: true).paths)
    guard
      case .unfinished? = #expect(
        throws: ResumptionError.self, performing: { try unfinished.extended(by: 5) })
    else {
      Issue.record("it isn't refused as unfinished")
      return
    }
    let other = try ResumptionTests()
    let untrained = try EarlierRun(
      in: other.run(state: .done, digest: true, costModel: 100).paths)
    guard
      case .noModel? = #expect(
        throws: ResumptionError.self, performing: { try untrained.extended(by: 5) })
    else {
      Issue.record("it isn't refused for the want of a model")
      return
    }
  }
}

/// The server's rule in the plan by which a run knows whether it goes on as it began.
struct ServerRulePlanTests {
  @Test(arguments: [
    (ServerRule.plain, "average(rate: 1.0, momentum: 0.0)"),
    (.average(rate: 0.5, momentum: 0.9), "average(rate: 0.5, momentum: 0.9)"),
    (
      .adaptive(AdaptiveRule(.yogi)),
      "adaptive(Federation.AdaptiveRule(kind: Federation.AdaptiveRule.Kind.yogi, rate: 0.01, "
        + "momentum: 0.9, decay: 0.99, floor: 0.001))"
    ),
  ])
  func `a rule is written as in the plans of earlier versions`(rule: ServerRule, text: String) {
    #expect(rule.planText == text)
  }
}
