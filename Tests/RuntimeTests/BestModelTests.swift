import Bytes
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Server
import Simulation
import Tensors
import TestSupport
import Testing
import Topology
import Wire

/// What a run leaves beside its last model, and what it tells of its training and its waiting.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct BestModelTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  private static func topology(
    rounds: String = "[4, 1, 1]", rate: Double = 0.1, evaluation: String = "{every: 1}",
    more: String = ""
  ) -> String {
    """
    name: tiny
    seed: 7
    clients: 6
    model: {name: convnet}
    data:
      name: synthetic
      limit: {train: 240, test: 200}
    stages: {rounds: \(rounds)}
    participation: {perRound: 3, minimum: 3}
    codecs: {up: linear8, down: linear8}
    training: {learningRate: \(rate), schedule: cosine}
    evaluation: \(evaluation)
    \(more)
    """
  }

  /// Plays a run in virtual time to its end.
  private static func play(
    _ text: String, in folder: URL
  ) throws -> (workload: Workload, summary: RunSummary, header: RunHeader) {
    let topology = try Topology(
      parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
    let workload = try Workload(topology)
    let directory = try RunDirectory.create(at: folder)
    defer { directory.release() }
    let simulation = Simulation(
      .training(workload, threads: 1), directory: directory, observer: Silence())
    #expect(try simulation.run() == .done)
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    return (workload, try store.summary(), try store.header())
  }

  @Test func `the best model is that of the round with the best score, whatever came after`() throws
  {
    let folder = try Folder()
    let run = folder.url.appending(path: "run")
    let (workload, summary, _) = try Self.play(Self.topology(), in: run)
    let scores = summary.rounds.compactMap(\.accuracy)
    #expect(scores.count == 6)
    let best = try #require(summary.final.bestRound)
    #expect(scores.firstIndex(of: scores.max() ?? 0) == best - 1)
    #expect(best < 6, "a run whose best model is its last one tells nothing: \(scores)")
    let path = RunPaths(run).bestModel.path
    let file = try SafeTensors(decoding: Array(Data(contentsOf: URL(filePath: path))))
    #expect(file.metadata["round"] == "\(best)")
    #expect(file.metadata["stage"] == "\(summary.rounds[best - 1].stage)")
    let prediction = try Prediction(try workload.starting(from: path))
    #expect(try prediction.scores().accuracy == scores.max())
  }

  @Test func `a run that is never evaluated before its end has its last model for the best`() throws
  {
    let folder = try Folder()
    let run = folder.url.appending(path: "run")
    let (_, summary, _) = try Self.play(Self.topology(evaluation: "{every: 100}"), in: run)
    #expect(summary.final.bestRound == 6)
    #expect(summary.final.bestModelDigest == summary.final.modelDigest)
    let paths = RunPaths(run)
    #expect(try Data(contentsOf: paths.bestModel) == Data(contentsOf: paths.model))
  }

  /// Plays a run that starts from a file in which all values are `value`.
  private func play(from value: Float, in folder: Folder) throws -> RunSummary {
    let workload = try Workload(
      try Topology(
        parsing: Self.topology(rounds: "[1, 1, 1]"), file: "tiny.yaml", overrides: Overrides(),
        checksFiles: false))
    var tensors: [String: Tensor] = [:]
    for stage in 1...3 {
      for layout in workload.topology.layouts(stage: stage) {
        for parameter in layout.parameters {
          let scalars = Array(repeating: value, count: parameter.shape.count)
          tensors["\(layout.name).\(parameter.name)"] = Tensor(
            shape: parameter.shape, scalars: scalars)
        }
      }
    }
    let path = folder.path("start.safetensors")
    try Data(SafeTensors(tensors: tensors, bytes: [:], metadata: [:]).encoded())
      .write(to: URL(filePath: path))
    let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
    defer { directory.release() }
    let simulation = Simulation(
      .training(try workload.starting(from: path), threads: 1), directory: directory,
      observer: Silence())
    _ = try simulation.run()
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    return try store.summary()
  }

  @Test func `a round whose loss is no number is discarded and told, and the run comes to its end`()
    throws
  {
    let summary = try play(from: 1e18, in: Folder())
    #expect(summary.rounds.count == 3)
    #expect(!summary.discarded.isEmpty)
    #expect(summary.discarded.allSatisfy { $0.accuracy == nil && $0.loss == nil })
    #expect(summary.discarded.allSatisfy { $0.accepted == 0 && $0.refused > 0 })
    #expect(try summary.json().contains("\"discarded\""))
  }

  @Test func `values that can't be sent end the run, and say after which round`() throws {
    let folder = try Folder()
    let error = #expect(throws: DivergedModel.self) {
      try play(from: .greatestFiniteMagnitude, in: folder)
    }
    let said = "\(error.map { "\($0)" } ?? "nothing")"
    #expect(said.contains(folder.path("run")) && said.contains("after round 1 "), "\(said)")
  }

  @Test func `each round tells its learning rate and its clients' loss`() throws {
    let folder = try Folder()
    let (_, summary, _) = try Self.play(Self.topology(), in: folder.url.appending(path: "run"))
    let rates = summary.rounds.compactMap(\.[.learningRate])
    #expect(rates.count == 6 && rates.first == 0.1)
    #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
    let losses = summary.rounds.compactMap(\.[.trainingLoss])
    #expect(losses.count == 6 && losses.allSatisfy { (0.01...10).contains($0) }, "\(losses)")
    #expect(losses[3] < losses[0], "\(losses)")
  }

  @Test func `a run knows when it began`() throws {
    let folder = try Folder()
    let before = Date()
    let (_, _, header) = try Self.play(Self.topology(), in: folder.url.appending(path: "run"))
    let start = try Date(#require(header.start), strategy: .iso8601)
    #expect(start > before.addingTimeInterval(-2) && start <= Date())
  }

  @Test func `clients that are mostly away cost time, which milestones and the whole tell alike`()
    throws
  {
    let folder = try Folder()
    let (_, summary, _) = try Self.play(
      Self.topology(
        more: """
          availability:
            rarely: {on: 30 s, off: 60 s}
          groups:
            all: {availability: rarely}
          """
      ).replacing("minimum: 3", with: "minimum: 5"), in: folder.url.appending(path: "run"))
    let stages = summary.stages.map(\.elapsed).reduce(.zero, +)
    #expect(summary.waiting > stages, "\(summary.waiting), \(stages)")
    #expect(abs((stages + summary.waiting - summary.elapsed).seconds) < 1e-6)
    var previous = Duration.zero
    for round in summary.rounds {
      #expect(round.opened >= previous)
      previous = round.closed
    }
    #expect(previous <= summary.elapsed && previous > stages)
    var asked = summary
    asked.targets = [summary.final.accuracies?.best ?? 1]
    let milestone = try #require(asked.milestones.first)
    let round = try #require(summary.rounds.first { $0.round == milestone.round })
    #expect(milestone.elapsed == round.closed && round.round == summary.final.bestRound)
  }

  @Test func `the training loss of a round is the mean over the updates that count, by samples`() {
    func submission(_ loss: Float, _ samples: Int) -> RoundResult.Outcome {
      .accepted(
        Submission(
          Offer(
            length: 1, digest: Digest(of: [1]), samples: samples, base: Digest(of: [2]), loss: loss,
            steps: 1, skippedSteps: 0), round: 1, stage: 1))
    }
    func loss(_ outcomes: [RoundResult.Outcome]) -> Double? {
      RoundResult(
        round: 1, opened: .zero, closed: .seconds(1),
        outcomes: outcomes.enumerated().map { (client: $0, outcome: $1) }, duplicates: 0
      ).trainingLoss
    }
    #expect(loss([submission(1, 30), .lost, submission(5, 10), .late]) == 2)
    #expect(loss([.lost]) == nil && loss([]) == nil)
    #expect(loss([submission(1, 30), submission(.nan, 10)]) == nil)
  }
}
