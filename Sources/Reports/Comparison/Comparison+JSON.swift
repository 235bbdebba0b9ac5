import Foundation
import Ledger
import Measures

extension Comparison {
  /// The comparison as one JSON object: the runs in the order given, and what each accuracy cost.
  package func json() throws -> String {
    let front = front
    let object = Object(
      format: 1,
      runs: runs.indices.map { index in
        let run = runs[index]
        return Run(
          name: names[index],
          directory: directories.indices.contains(index) ? directories[index] : nil,
          model: run.model.name, codecs: run.codecs, strategy: run.strategy, seed: run.seed,
          rounds: run.rounds.count, accuracy: accuracy(index), final: run.final,
          totals: run.totals, savings: run.reduction, elapsed: run.elapsed.seconds,
          waiting: run.waiting.seconds, trainingLoss: courses[index].trainingLosses.last?.loss,
          isOnFront: front.contains(index),
          milestones: Milestone.milestones(of: run.rounds, at: targets),
          convergence: Convergence(courses[index]))
      },
      front: front.map { names[$0] })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return String(decoding: try encoder.encode(object), as: UTF8.self)
  }

  private struct Object: Encodable {
    let format: Int
    let runs: [Run]
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
    /// The clients' mean loss in the last round that trained.
    let trainingLoss: Double?
    let isOnFront: Bool
    let milestones: [Milestone]
    /// The fall of the full model's gradient; not there where it wasn't taken.
    let convergence: Convergence?
  }
}
