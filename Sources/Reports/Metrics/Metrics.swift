package import Ledger
import Measures

/// A run's summary in Prometheus' text format, version 0.0.4.
package enum Metrics {
  /// The text: each family with its help and type, then its samples.
  package static func text(_ summary: RunSummary) -> String {
    let traffic = summary.totals.traffic
    var families = [
      Family(
        "progfed_info", "What is run.", .gauge,
        [
          .init(
            1,
            [
              ("name", summary.name), ("model", summary.model.name),
              ("strategy", summary.strategy), ("state", summary.state.rawValue),
            ])
        ]),
      Family("progfed_round", "The last round that ended.", summary.rounds.last?.round ?? 0),
      Family("progfed_rounds_planned", "The rounds to be run.", summary.plannedRounds),
      Family("progfed_stage", "The stage of the last round.", summary.rounds.last?.stage ?? 0),
      Family(
        "progfed_wire_bytes_total", "Bytes on the clients' links, by what they were for.", .counter,
        summary.kinds.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { kind, traffic in
          Direction.allCases.map {
            Sample(
              Double(traffic[$0].wire.bytes),
              [("direction", $0.rawValue), ("kind", kind.rawValue)])
          }
        }),
      Family(
        "progfed_payload_bytes_total", "The model's and updates' own bytes.", .counter,
        Direction.allCases.map {
          Sample(Double(traffic[$0].payload.bytes), [("direction", $0.rawValue)])
        }),
      Family(
        "progfed_updates_total", "Selected clients, by what became of their updates.", .counter,
        [
          ("accepted", \RoundSummary.accepted), ("late", \.late), ("lost", \.lost),
          ("refused", \.refused),
        ].map { name, count in
          Sample(
            Double(summary.rounds.map { $0[keyPath: count] }.reduce(0, +)), [("outcome", name)])
        }),
      Family(
        "progfed_flops_total", "Floating-point operations of training.", .counter,
        [.init(summary.totals.flops)]),
      Family(
        "progfed_elapsed_seconds", "The time on the run's clock.", .gauge,
        [.init(summary.elapsed.seconds)]),
      Family(
        "progfed_waiting_seconds", "The time between the rounds on the run's clock.", .gauge,
        [.init(summary.waiting.seconds)]),
    ]
    for (name, help, value) in [
      ("progfed_accuracy", "The last accuracy that was measured.", summary.final.accuracy),
      ("progfed_loss", "The last loss that was measured.", summary.final.loss),
      ("progfed_dice", "The last mean Dice coefficient.", summary.final.dice),
      (
        "progfed_training_loss", "The clients' mean loss in the last round that trained.",
        summary.rounds.last { $0.trainingLoss != nil }?.trainingLoss
      ),
      (
        "progfed_learning_rate", "The clients' learning rate in the last round.",
        summary.rounds.last?.learningRate
      ),
      (
        "progfed_best_round", "The round whose model is kept as the best one.",
        summary.final.bestRound.map(Double.init)
      ),
    ] {
      if let value, value.isFinite { families.append(Family(name, help, .gauge, [.init(value)])) }
    }
    if let fairness = summary.rounds.last(where: { $0.fairness != nil })?.fairness {
      families.append(
        Family(
          "progfed_client_accuracy",
          "How the last accuracy, or Dice coefficient, is spread over the clients.", .gauge,
          [
            ("min", fairness.minimum), ("percentile10", fairness.lowestTenth),
            ("median", fairness.median), ("max", fairness.maximum),
          ].map { Sample($1, [("part", $0)]) }))
    }
    let norms = summary.rounds.compactMap(\.squaredGradientNorm)
    if let norm = norms.last, norm.isFinite {
      families.append(
        Family(
          "progfed_squared_gradient_norm", "Of the full model, on some training samples.", .gauge,
          [.init(norm)]))
    }
    families.append(
      Family(
        "progfed_wasted_bytes_total", "Bytes for clients whose updates didn't count.", .counter,
        Direction.allCases.map { direction in
          let bytes = summary.rounds.map { $0.wasted[direction].wire.bytes }.reduce(0, +)
          return Sample(Double(bytes), [("direction", direction.rawValue)])
        }))
    if !summary.counters.isEmpty {
      families.append(
        Family(
          "progfed_events_total", "What else happened.", .counter,
          summary.counters.sorted { $0.key < $1.key }.map {
            Sample(Double($0.value), [("event", $0.key)])
          }))
    }
    if let meter = summary.meter {
      families.append(
        Family(
          "progfed_meter_difference_bytes", "The ledger less the kernel's count.", .gauge,
          [
            Sample(Double(meter.down.difference), [("direction", "down")]),
            Sample(Double(meter.up.difference), [("direction", "up")]),
          ]))
    }
    return families.map(\.text).joined()
  }

  private enum Kind: String {
    case gauge, counter
  }

  private struct Sample {
    let value: Double
    let labels: [(name: String, value: String)]

    init(_ value: Double, _ labels: [(name: String, value: String)] = []) {
      self.value = value
      self.labels = labels
    }

    func text(_ name: String) -> String {
      let written = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
      let number = Int(exactly: value).map { "\($0)" } ?? "\(value)"
      return name + (written.isEmpty ? "" : "{\(written.joined(separator: ","))}") + " \(number)\n"
    }

    private static func escaped(_ text: String) -> String {
      text.map { character in
        switch character {
        case "\\": "\\\\"
        case "\"": "\\\""
        case "\n": "\\n"
        default: String(character)
        }
      }.joined()
    }
  }

  private struct Family {
    let name: String
    let help: String
    let kind: Kind
    let samples: [Sample]

    init(_ name: String, _ help: String, _ kind: Kind, _ samples: [Sample]) {
      self.name = name
      self.help = help
      self.kind = kind
      self.samples = samples
    }

    init(_ name: String, _ help: String, _ count: Int) {
      self.init(name, help, .gauge, [Sample(Double(count))])
    }

    var text: String {
      "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        + samples.map { $0.text(name) }.joined()
    }
  }
}
