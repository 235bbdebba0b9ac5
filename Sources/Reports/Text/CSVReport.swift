package import Ledger
import Measures

/// A run's rounds as comma-separated values (RFC 4180, but with bare line feeds), one row per
/// round.
package enum CSVReport {
  private static let names = [
    "round", "stage", "warmUp", "selected", "accepted", "late", "lost", "refused", "duplicates",
    "downPayload", "downWire", "upPayload", "upWire", "flops", "fullModelDownWire",
    "fullModelUpWire", "fullModelFlops", "elapsed", "accuracy", "loss", "dice",
    "clientAccuracyMin", "clientAccuracyPercentile10", "squaredGradientNorm", "wastedDownWire",
    "wastedUpWire", "opened", "closed", "learningRate", "trainingLoss",
  ]

  /// The text: a row of names, then the rounds; sizes in bytes, times in seconds, nothing where
  /// nothing is known.
  package static func text(_ summary: RunSummary) -> String {
    let rows = [names] + summary.rounds.map(cells(_:))
    return rows.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// The text: a row of names, then the clients' parts in each stage; sizes in bytes.
  package static func text(_ clients: [ClientStageTotal]) -> String {
    let names = [
      "client", "stage", "selected", "accepted", "late", "lost", "downPayload", "downWire",
      "upPayload", "upWire", "flops",
    ]
    let rows = clients.map { part in
      let traffic = part.load.traffic
      let counts = [
        part.client, part.stage, part.selected, part.accepted, part.late, part.lost,
        traffic.down.payload.bytes, traffic.down.wire.bytes, traffic.up.payload.bytes,
        traffic.up.wire.bytes,
      ]
      return counts.map(String.init) + ["\(part.load.flops)"]
    }
    return ([names] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private static func cells(_ round: RoundSummary) -> [String] {
    let (traffic, full) = (round.load.traffic, round.fullModel.traffic)
    let counts = [
      round.round, round.stage, round.warmUp ? 1 : 0, round.selected, round.accepted, round.late,
      round.lost, round.refused, round.duplicates, traffic.down.payload.bytes,
      traffic.down.wire.bytes, traffic.up.payload.bytes, traffic.up.wire.bytes,
    ]
    let measures = [
      round.accuracy, round.loss, round.dice, round.fairness?.minimum, round.fairness?.lowestTenth,
      round.squaredGradientNorm,
    ]
    let wasted = [round.wasted.down.wire.bytes, round.wasted.up.wire.bytes]
    return counts.map(String.init) + ["\(round.load.flops)"]
      + [full.down.wire.bytes, full.up.wire.bytes].map(String.init)
      + ["\(round.fullModel.flops)", "\(round.elapsed.seconds)"]
      + measures.map(text(of:)) + wasted.map(String.init)
      + ["\(round.opened.seconds)", "\(round.closed.seconds)"]
      + [round.learningRate, round.trainingLoss].map(text(of:))
  }

  private static func text(of measure: Double?) -> String {
    measure.map { "\($0)" } ?? ""
  }
}
