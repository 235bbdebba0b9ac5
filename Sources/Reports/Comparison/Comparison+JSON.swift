import Foundation
package import Ledger
import Measures

extension Comparison {
  /// The comparison as one JSON object: the runs in the order given, and what each accuracy cost.
  package func json() throws -> String {
    let front = front
    let object = Object(
      format: 1,
      runs: runs.indices.map { index in
        let run = runs[index]
        let fields = Run(
          name: names[index],
          directory: directories.indices.contains(index) ? directories[index] : nil,
          model: run.model.name, codecs: run.codecs, strategy: run.strategy, seed: run.seed,
          rounds: run.rounds.count, accuracy: accuracy(index), final: run.final,
          totals: run.totals, savings: run.reduction, elapsed: run.elapsed.seconds,
          waiting: run.waiting.seconds,
          isOnFront: front.contains(index),
          milestones: Milestone.milestones(of: run.rounds, at: targets),
          convergence: Convergence(courses[index]))
        return MeasuredRun(run: fields, measures: MeasureFields(run, isNullWritten: false))
      },
      front: front.map { names[$0] })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return String(decoding: try encoder.encode(object), as: UTF8.self)
  }

  private struct Object: Encodable {
    let format: Int
    let runs: [MeasuredRun]
    /// The runs that no other beats in both accuracy and bytes, the cheapest first.
    let front: [String]
  }

  private struct Run: Encodable {
    let name: String
    let directory: String?
    let model: String
    let codecs: CodecNames
    let strategy: String
    let seed: UInt64
    let rounds: Int
    let accuracy: Double?
    let final: FinalSummary
    let totals: Load
    let savings: Savings
    let elapsed: Double
    /// The part of it between the rounds.
    let waiting: Double
    let isOnFront: Bool
    let milestones: [Milestone]
    /// The fall of the full model's gradient; not there where it wasn't taken.
    let convergence: Convergence?
  }

  /// A run with the last values of the measures that are compared, each a field of its own.
  private struct MeasuredRun: Encodable {
    let run: Run
    let measures: MeasureFields

    func encode(to encoder: any Encoder) throws {
      try run.encode(to: encoder)
      try measures.encode(to: encoder)
    }
  }
}

/// A run's last values of the measures that are compared, as fields of the object around them.
package struct MeasureFields: Sendable, Encodable {
  private let values: [(name: String, value: Double?)]
  private let isNullWritten: Bool

  /// The last values in `run`; null, or nothing, where there is none.
  init(_ run: RunSummary, isNullWritten: Bool) {
    values = Comparison.measures.map { measure, _ in
      (measure.name, MeasureSeries(measure, in: run).last)
    }
    self.isNullWritten = isNullWritten
  }

  /// The last value of a measure; nil where there is none.
  package subscript(measure: Measure) -> Double? {
    values.first { $0.name == measure.name }?.value
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Writes a field for each measure.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (name, value) in values where value != nil || isNullWritten {
      try container.encode(value, forKey: Key(stringValue: name))
    }
  }
}
