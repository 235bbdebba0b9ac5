import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Progressive
import Runtime
import Server
import Simulation
import TestSupport
import Testing
import Topology

/// The same topologies in virtual time and over real sockets.
///
/// With PROGFED_SEEDS=1000 as many are played as that.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(20))) struct ClockAgreementTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// What a run came to, as far as it isn't a matter of time.
  private struct Result: Equatable {
    struct Round: Equatable {
      var round: Int
      var stage: Int
      var selected: Int
      var accepted: Int
      var refused: Int
      var down: Int
      var up: Int
      var accuracy: Double?
    }

    var state: RunState
    var digest: String?
    var rounds: [Round]
  }

  private static func result(of run: (RunDirectory) throws -> RunState) throws -> Result {
    let folder = try Folder()
    let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
    defer { directory.release() }
    let state = try run(directory)
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let summary = try store.summary()
    return Result(
      state: state, digest: summary.final.modelDigest.map { "\($0)" },
      rounds: summary.rounds.map { round in
        Result.Round(
          round: round.round, stage: round.stage, selected: round.selected,
          accepted: round.accepted, refused: round.refused,
          down: round.load.traffic.down.payload.bytes, up: round.load.traffic.up.payload.bytes,
          accuracy: round.accuracy)
      })
  }

  private static func virtual(_ workload: Workload) throws -> Result {
    try result { directory in
      try Simulation(
        .training(workload, threads: 2), directory: directory, observer: Silence()
      ).run()
    }
  }

  private static func real(
    _ workload: Workload, _ transport: LocalRun.Transport = .inproc
  ) throws -> Result {
    try result { directory in
      try LocalRun(
        workload, transport: transport, threads: 2, directory: directory, observer: Silence()
      ).run()
    }
  }

  @Test(arguments: RandomTopology.seeds(40))
  func `both clocks end in the same model by the same bytes`(seed: UInt64) throws {
    let drawn = try RandomTopology(seed: seed, RandomLearning.draw)
    do {
      let workload = try Workload(drawn.topology)
      let virtual = try drawn.whileWrittenDown { try Self.virtual(workload) }
      let real = try drawn.whileWrittenDown {
        try Self.real(workload, seed % 5 == 0 ? .tcp : .inproc)
      }
      #expect(virtual.state == .done && virtual.digest != nil, "\(drawn.text)")
      #expect(virtual == real, "\(drawn.text)")
    } catch {
      Issue.record("\(error)\n\(drawn.text)")
    }
  }

  @Test func `the topologies of the first seeds know each key that both clocks know`() throws {
    let texts = try (1...40 as ClosedRange<UInt64>)
      .map { try RandomTopology(seed: $0, RandomLearning.draw).text }
    let keys = [
      "strategy", "partition", "rounds", "warmUp", "when", "patience", "gain", "window", "level",
      "slope", "restartLearningRate", "ramp", "entry", "epochs", "batch", "optimizer", "momentum",
      "schedule",
      "weightDecay", "clipNorm", "proximal", "correction", "nesterov", "learningRate", "averaging",
      "perRound", "stragglers", "maximalStaleness", "buffer", "overSelect", "sampling", "weights",
      "quorum", "caps", "joinTimeout", "minimum", "deadline", "grace", "up", "down", "smallTensors",
      "blocks", "initial", "errorFeedback", "downDelta", "reference", "keyframeEvery", "early",
      "every", "last", "gradient", "chunk", "bytesInFlight", "updateNorm", "announce",
      "repairWindow", "memory",
    ]
    for key in keys {
      let isThere = texts.contains { text in
        [" ", "{", "\n"].contains { text.contains("\($0)\(key): ") }
      }
      #expect(isThere, "\(key)")
    }
    let values =
      ["buffered", "nextRound", "adam", "plateau", "movement", "fednova", "scaffold"]
      + Strategy.allCases.map(\.rawValue) + AdaptiveRule.Kind.allCases.map(\.rawValue)
    for value in values {
      #expect(texts.contains { $0.contains(": \(value)") }, "\(value)")
    }
  }
}
