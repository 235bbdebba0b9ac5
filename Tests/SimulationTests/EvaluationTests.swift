import Datasets
import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Models
import Neural
import Server
import Simulation
import Synchronization
import Tensors
import TestSupport
import Testing
import Topology

/// Evaluations in the ledger, against the same computed from the final model and the data.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct EvaluationTests {
  private struct Silence: RunObserver {
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func collapsed(round: Int, stage: Int, accuracy: Double) {}
  }

  /// Listens to remarks and collapses.
  private struct Remarks: RunObserver {
    let hears: @Sendable (String) -> Void
    func closed(_ progress: RunProgress) {}
    func noticed(_ notice: BrokerNotice) {}
    func remarked(_ remark: String) { hears(remark) }
    func collapsed(round: Int, stage: Int, accuracy: Double) { hears("collapse") }
  }

  /// A finished run.
  private struct Outcome {
    let workload: Workload
    let summary: RunSummary
    let labels: [[Int]]
    let model: [ParameterVector]
  }

  private static func topology(
    gradient: Int = 0, strategy: String = "progressive", rounds: String = "[1, 1, 2]",
    entry: String = "random", training: String = "",
    partition: String = "{dirichlet: 0.3, minimum: 5}"
  ) -> String {
    """
    name: tiny
    seed: 7
    clients: 4
    strategy: \(strategy)
    model: {name: convnet}
    data:
      name: synthetic
      partition: \(partition)
      limit: {train: 170, test: 90}
    stages: {rounds: \(rounds), entry: \(entry)}
    participation: {perRound: 3}
    training: {\(training)}
    evaluation: {every: 1, gradient: \(gradient)}
    """
  }

  /// The result of a run, on its data as `change` makes it.
  private static func run(
    _ text: String, threads: Int = 1, observer: any RunObserver = Silence(),
    change: (DatasetSplit) -> DatasetSplit = { $0 }
  ) throws -> Outcome {
    let folder = try Folder()
    let topology = try Topology(
      parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
    let workload = Workload(topology, data: .dealt(change(try topology.data.load())))
    let directory = try RunDirectory.create(at: folder.url.appending(path: "run"))
    let simulation = Simulation(
      .training(workload, threads: threads), directory: directory, observer: observer)
    #expect(try simulation.run() == .done)
    let store = try RunStore.read(at: directory.paths.ledger)
    defer { store.close() }
    let file = try SafeTensors(decoding: [UInt8](Data(contentsOf: directory.paths.model)))
    let model = topology.architecture.layouts(stage: topology.architecture.stages).map { layout in
      ParameterVector(
        layout: layout,
        scalars: layout.parameters.flatMap {
          file.tensors["\(layout.name).\($0.name)"]?.scalars ?? []
        })
    }
    return Outcome(
      workload: workload, summary: try store.summary(), labels: try store.labels(), model: model)
  }

  private static func trainer(_ outcome: Outcome, batch: Int) throws -> Trainer {
    let architecture = outcome.workload.topology.architecture
    return try Trainer(network: architecture.network(stage: architecture.stages), batch: batch)
  }

  @Test func `without test samples nothing is told of the model, and nothing collapses`() throws {
    let watched = Mutex<[String]>([])
    let outcome = try Self.run(
      Self.topology(gradient: 20, rounds: "[1, 2, 4]"),
      observer: Remarks { told in watched.withLock { $0.append(told) } }
    ) { DatasetSplit(train: $0.train, test: $0.test.first(0), remarks: ["it is small"]) }
    for round in outcome.summary.rounds {
      #expect(round.accuracy == nil && round.loss == nil && round.dice == nil)
      #expect(round.fairness == nil && round.squaredGradientNorm != nil)
    }
    let final = outcome.summary.final
    #expect(final.accuracy == nil && final.loss == nil && final.accuracies == nil)
    #expect(outcome.summary.counters == [RunSummary.untested: 7])
    #expect(outcome.summary.stages.allSatisfy { $0.accuracy == nil })
    let told = watched.withLock { $0 }
    #expect(told.count == 2 && told.first == "it is small")
    #expect(told.last?.contains("synthetic has no test samples") == true)
  }

  @Test(arguments: ["progressive", "mixed"])
  func `the squared gradient norm is that of the full model's mean loss over the samples`(
    strategy: String
  ) throws {
    // More samples than there are: all of them count. Of several heads the last one alone counts.
    let outcome = try Self.run(Self.topology(gradient: 1000, strategy: strategy))
    var batches = SequentialBatches(dataset: try #require(outcome.workload.data.split).train)
    let gradient = try Self.trainer(outcome, batch: 170)
      .gradient(outcome.model, source: &batches).gradient
    let norm = gradient.flatMap(\.scalars).reduce(0) { $0 + Double($1) * Double($1) }
    let kept = try #require(outcome.summary.rounds.last?.squaredGradientNorm)
    #expect(norm > 0 && abs(kept - norm) < 1e-4 * norm, "\(kept), \(norm)")
    #expect(outcome.summary.rounds.allSatisfy { $0.squaredGradientNorm != nil })
  }

  @Test(arguments: [
    ("progressive", "random"), ("progressive", "continued"), ("layerwise", "random"),
    ("mixed", "random"), ("partial", "random"),
  ])
  func `at early stages the gradient is that of what the model will begin as`(
    strategy: String, entry: String
  ) throws {
    // Such a rate is 0 in 32 bits, so that each stage's model is the beginning of the full one. At
    // a rate that only almost vanishes, what a continued block leaves at 0 would step off ReLU's
    // kink.
    let still = "learningRate: 1e-60, momentum: 0, weightDecay: 0"
    let outcome = try Self.run(
      Self.topology(gradient: 60, strategy: strategy, entry: entry, training: still))
    let norms = outcome.summary.rounds.compactMap(\.squaredGradientNorm)
    let grows = strategy != "partial"
    #expect(
      norms.count == 4
        && Set(outcome.summary.rounds.map(\.stage)) == (grows ? [1, 2, 3] : [3]))
    #expect(norms[0] > 0 && norms.allSatisfy { $0 == norms[0] }, "\(norms)")
  }

  @Test(arguments: ["outermost-first", "bottom-first"])
  func `so it is for a network whose head is carried on, which tells no clients' accuracies`(
    order: String
  ) throws {
    let outcome = try Self.run(
      """
      name: discs
      clients: 3
      model: {name: unet, stages: 2, levels: 3, width: 4, order: \(order)}
      data:
        name: synthetic
        synthetic: {shape: [1, 16, 16], classes: 3, train: 24, test: 6, masks: true}
      stages: {rounds: [1, 1]}
      training: {batch: 4, learningRate: 1e-60, momentum: 0, weightDecay: 0}
      evaluation: {every: 1, gradient: 10}
      """)
    let norms = outcome.summary.rounds.compactMap(\.squaredGradientNorm)
    #expect(norms.count == 2 && norms[0] > 0)
    #expect(norms[1] == norms[0], "\(norms)")
    #expect(outcome.labels.isEmpty && outcome.summary.partition == nil)
    #expect(outcome.summary.rounds.allSatisfy { $0.fairness == nil && $0.dice != nil })
    #expect(outcome.summary.final.dices?.last == outcome.summary.rounds.last?.dice)
  }

  @Test func `taking gradients changes nothing else, and threads nothing at all`() throws {
    let without = try Self.run(Self.topology())
    let one = try Self.run(Self.topology(gradient: 65))
    let three = try Self.run(Self.topology(gradient: 65), threads: 3)
    #expect(without.summary.final.modelDigest == one.summary.final.modelDigest)
    #expect(without.summary.rounds.allSatisfy { $0.squaredGradientNorm == nil })
    var stripped = one.summary.rounds
    for index in stripped.indices { stripped[index].squaredGradientNorm = nil }
    #expect(stripped == without.summary.rounds)
    #expect(one.summary.rounds == three.summary.rounds)
    let all = try Self.run(Self.topology(gradient: 170))
    #expect(
      all.summary.rounds.map(\.squaredGradientNorm) != one.summary.rounds.map(\.squaredGradientNorm)
    )
  }

  @Test func `clients' accuracies are the classes' in the proportions of their labels`() throws {
    let outcome = try Self.run(Self.topology())
    let test = outcome.workload.test
    var batches = SequentialBatches(dataset: test)
    let logits = try Self.trainer(outcome, batch: 30).predictions(outcome.model, source: &batches)
    var confusion = Array(repeating: Array(repeating: 0, count: test.classes), count: test.classes)
    for sample in 0..<test.count {
      let row = logits[sample * test.classes..<(sample + 1) * test.classes]
      let guess = row.indices.max { row[$0] < row[$1] } ?? 0
      confusion[Int(test.labels[sample])][guess - sample * test.classes] += 1
    }
    let train = try #require(outcome.workload.data.split).train
    let accuracies = try outcome.workload.partition(seed: 7).map { samples in
      var (sum, count) = (0.0, 0.0)
      for label in samples.map({ Int(train.labels[$0]) }) {
        let ofLabel = confusion[label].reduce(0, +)
        guard ofLabel > 0 else { continue }
        sum += Double(confusion[label][label]) / Double(ofLabel)
        count += 1
      }
      return sum / count
    }
    let spread = try #require(outcome.summary.rounds.last?.fairness)
    #expect(spread.clients == 4)
    #expect(abs(spread.mean - accuracies.reduce(0, +) / 4) < 1e-9)
    #expect(abs(spread.minimum - (accuracies.min() ?? 0)) < 1e-9)
    #expect(abs(spread.maximum - (accuracies.max() ?? 0)) < 1e-9)
    #expect(spread.minimum < spread.maximum)
  }

  /// A data set whose samples belong to `names` in turn.
  private static func owned(_ data: Dataset, by names: [String]) -> Dataset {
    Dataset(
      name: data.name, input: data.input, classes: data.classes,
      normalization: data.normalization, pixels: data.pixels, labels: data.labels,
      labelsPerSample: data.labelsPerSample,
      users: (0..<data.count).map { Int32($0 % names.count) }, userNames: names,
      regions: data.regions)
  }

  @Test(arguments: [false, true])
  func `where clients are users, their scores are those on their own test samples`(
    hasMasks: Bool
  ) throws {
    let (model, data) =
      hasMasks
      ? (
        "{name: unet, stages: 2, levels: 3, width: 4}",
        "{shape: [1, 16, 16], classes: 3, train: 24, test: 12, masks: true}"
      ) : ("{name: convnet}", "{train: 60, test: 40}")
    let outcome = try Self.run(
      """
      name: users
      clients: 4
      model: \(model)
      data:
        name: synthetic
        partition: byUser
        synthetic: \(data)
      stages: {rounds: [1, \(hasMasks ? "2" : "1, 1")]}
      training: {batch: 4}
      evaluation: {every: 1}
      """
    ) { data in
      // The test set knows its users by other numbers; one of them is no client, and two clients
      // have no samples there.
      DatasetSplit(
        train: Self.owned(data.train, by: ["a", "b", "c", "d"]),
        test: Self.owned(data.test, by: ["x", "c", "a"]))
    }
    let test = outcome.workload.test
    let scores = try [1, 2].map { user in
      let samples = (0..<test.count).filter { $0 % 3 == user }
      var batches = SequentialBatches(dataset: test, samples: samples)
      let trainer = try Self.trainer(outcome, batch: 5)
      guard !hasMasks else {
        let seen = try trainer.evaluate(outcome.model, source: &batches)
        let dices = test.regions.compactMap { seen.dice(of: $0.classes) }
        return dices.reduce(0, +) / Double(dices.count)
      }
      let logits = try trainer.predictions(outcome.model, source: &batches)
      let right = samples.indices.count { place in
        let row = logits[place * test.classes..<(place + 1) * test.classes]
        let guess = row.indices.max { row[$0] < row[$1] } ?? 0
        return guess - place * test.classes == Int(test.labels[samples[place]])
      }
      return Double(right) / Double(samples.count)
    }
    let spread = try #require(outcome.summary.rounds.last?.fairness)
    #expect(spread.clients == 2 && scores[0] != scores[1])
    #expect(abs(spread.minimum - (scores.min() ?? 0)) < 1e-9, "\(scores), \(spread)")
    #expect(abs(spread.maximum - (scores.max() ?? 0)) < 1e-9)
    // All test samples are judged all the same.
    var all = SequentialBatches(dataset: test)
    let seen = try Self.trainer(outcome, batch: 7).evaluate(outcome.model, source: &all)
    #expect(outcome.summary.final.accuracy == seen.accuracy)
  }

  @Test(arguments: [
    "iid", "{shards: 2}", "{dirichlet: 0.3, minimum: 5}", "{logNormal: 1}",
  ])
  func `the partition is that of the seed, whatever the rounds and threads`(
    partition: String
  ) throws {
    let first = try Self.run(Self.topology(rounds: "[1, 1, 1]", partition: partition))
    let dealt = try first.workload.partition(seed: 7)
    let train = try #require(first.workload.data.split).train
    let counted = dealt.map { samples in
      (0..<train.classes).map { label in samples.count { Int(train.labels[$0]) == label } }
    }
    #expect(first.labels == counted && counted.count == 4)
    #expect(counted.joined().reduce(0, +) == 170)
    let second = try Self.run(
      Self.topology(gradient: 20, rounds: "[2, 1, 1]", partition: partition), threads: 2)
    #expect(second.labels == first.labels)
    #expect(second.summary.partition == first.summary.partition)
    #expect(try first.workload.partition(seed: 8) != dealt)
  }
}
