package import Ledger
import Measures

/// A run's summary in Prometheus' text format, version 0.0.4.
package enum Metrics {
  /// The text: each family with its help and type, then its samples.
  package static func text(_ summary: RunSummary) -> String {
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
        "progfed_elapsed_seconds", "The time on the run's clock.", .gauge,
        [.init(summary.elapsed.seconds)]),
      Family(
        "progfed_waiting_seconds", "The time between the rounds on the run's clock.", .gauge,
        [.init(summary.waiting.seconds)]),
    ]
    if let best = summary.final.bestRound {
      families.append(
        Family("progfed_best_round", "The round whose model is kept as the best one.", best))
    }
    families += self.families(of: summary)
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

  /// The families of all measures of rounds; samples of one name make one family.
  private static func families(of summary: RunSummary) -> [Family] {
    var families: [Family] = []
    for measure in Measure.all {
      guard let metric = measure.prometheus,
        let value = MeasureSeries(measure, in: summary).value(metric.reduction), value.isFinite
      else { continue }
      let sample = Sample(value, metric.label.map { [($0.name, $0.value)] } ?? [])
      if let index = families.firstIndex(where: { $0.name == metric.name }) {
        families[index].samples.append(sample)
      } else {
        families.append(Family(metric.name, metric.help, metric.kind, [sample]))
      }
    }
    return families
  }

  typealias Kind = Measure.Prometheus.Kind

  /// A value with its labels.
  struct Sample {
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

  /// The samples of one name.
  struct Family {
    let name: String
    let help: String
    let kind: Kind
    var samples: [Sample]

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
