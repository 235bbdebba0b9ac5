package import Federation
import Measures
import Models
import Neural
import Tensors

/// The section `evaluation`: the rounds and samples for tests of the global model.
package struct EvaluationSection: Hashable, Sendable {
  /// The number of rounds from one test to the next; 0 for the last round only.
  package var every: Int
  /// The number of last rounds that are tested in any case; their mean is the run's score.
  package var last: Int
  /// The number of test samples in a batch.
  package var batch: Int
  /// The number of training samples for the full model's gradient after each test; 0 for none.
  package var gradient: Int
  /// The clients that evaluate on what they hold out; nil for none.
  package var clients: EvaluationRules.Choice?
  /// The fewest samples that a client must hold out to evaluate, and train on to report sums over
  /// them.
  package var minimumSamples: Int
  /// The fewest clients whose scores make a figure that is shown, and whose sums a normalization.
  package var minimumClients: Int
  /// True if clients tell what they got right class by class.
  package var perClass: Bool

  init(reading keys: inout KeyReader) {
    every = keys.value("every", default: 1) { $0.whole(0...1_000_000) }
    last = keys.value("last", default: 1) { $0.whole(1...1000) }
    batch = keys.value("batch", default: 100) { $0.whole(1...65_536) }
    gradient = keys.value("gradient", default: 0) { $0.whole(0...1_000_000) }
    clients = keys.optional("clients") { Self.choice($0) }
    perClass = keys.value("perClass", default: false) { $0.flag() }
    let minimum = keys.section("minimum") { keys in
      (
        keys.value("samples", default: 1) { $0.whole(1...1_000_000_000) },
        keys.value("clients", default: 1) { $0.whole(1...1_000_000) }
      )
    }
    (minimumSamples, minimumClients) = minimum
  }

  /// Reads "all", a number of clients, or a share of them.
  private static func choice(_ cursor: Cursor) -> EvaluationRules.Choice? {
    if cursor.word == "all" { return .all }
    if cursor.word.map({ $0.last == "%" || $0.contains(".") }) == true {
      return cursor.share(0.0001...1).map { .share($0) }
    }
    guard cursor.word.map({ $0.utf8.allSatisfy { (48...57).contains($0) } }) == true else {
      cursor.expected(
        "all, a number of clients or a share of them",
        remedy: "write them as in all, 10 or 20 %")
      return nil
    }
    return cursor.whole(1...1_000_000).map { .count($0) }
  }

  /// Reports more clients than the fleet of `clients` has: so many can't evaluate.
  func checkEvaluators(clients: Int, reading: Reading) {
    if case .count(let count) = self.clients, count > clients,
      reading.isSound("evaluation.clients", "clients")
    {
      reading.report(
        "evaluation.clients",
        "evaluation.clients asks for \(count) of \(clients) clients",
        remedy: "write \(clients) at most, or all")
    }
    if minimumClients > clients, reading.isSound("evaluation.minimum.clients", "clients") {
      reading.report(
        "evaluation.minimum.clients",
        "evaluation.minimum.clients is \(minimumClients), but there are \(clients) clients",
        remedy: "write \(clients) at most")
    }
  }

  /// The clients that test the model and what that takes, in words; nil where clients test nothing.
  package var testers: String? {
    guard let clients else { return nil }
    let who =
      switch clients {
      case .all: "all clients test"
      case .count(1): "1 client, drawn by lot, tests"
      case .count(let count): "\(count) clients, drawn by lot, test"
      case .share(let share): "\((100 * share.value).fixed(1)) % of the clients, drawn by lot, test"
      }
    var text = "\(who) the model on what they hold out"
    if minimumSamples > 1 {
      text +=
        "; who holds out fewer than \(minimumSamples) samples doesn't (evaluation.minimum.samples)"
    }
    if minimumClients > 1 {
      text +=
        "; scores of fewer than \(minimumClients) clients make no figure "
        + "(evaluation.minimum.clients)"
    }
    return text
  }

  /// True if the model is tested after `round` of `rounds`, as it always is after the last ones.
  package func isDue(after round: Int, of rounds: Int) -> Bool {
    EvaluationRules.isDue(after: round, of: rounds, every: every, last: last)
  }

  /// The lines of a plan: what a client that evaluates tells beyond counts and sums, and when it
  /// keeps silent.
  var planLines: [PlanText.Line] {
    var lines: [PlanText.Line] = []
    if minimumSamples != 1 {
      lines.append(PlanText.Line("evaluation.minimum.samples", "\(minimumSamples)"))
    }
    if perClass { lines.append(PlanText.Line("evaluation.perClass", "true")) }
    return lines
  }
}

extension Topology {
  /// The rules of evaluations by clients; nil where there are none.
  package var evaluationRules: EvaluationRules? {
    guard let clients = evaluation.clients else { return nil }
    var rules = EvaluationRules(
      clients: clients, classes: architecture.classes ?? 0,
      pointsPerSample: architecture.manifest?.pointsPerSample
        ?? architecture.network(stage: 1).labelsPerSample)
    if architecture.manifest != nil { rules.countsConfusion = false }
    (rules.every, rules.last) = (evaluation.every, evaluation.last)
    rules.minimumSamples = evaluation.minimumSamples
    rules.minimumClients = evaluation.minimumClients
    rules.tellsClasses = evaluation.perClass
    return rules
  }

  /// The rules by which clients report sums over their training samples; nil where the
  /// normalization is known without them.
  package var measuringRules: MeasuringRules? {
    guard data.isMeasuredByClients else { return nil }
    let input = data.facts.input.dimensions
    var rules = MeasuringRules(
      channels: input[0], valuesPerSample: input[1] * input[2])
    rules.minimumSamples = evaluation.minimumSamples
    rules.minimumClients = evaluation.minimumClients
    return rules
  }
}
