package import Ledger
import Measures

/// A run's rounds as comma-separated values (RFC 4180, but with bare line feeds), one row per
/// round.
package enum CSVReport {
  private static let columns = Measure.all.compactMap { measure in
    measure.csv.map { (measure: measure, column: $0) }
  }.sorted { $0.column.place < $1.column.place }

  /// The text: a row of names, then the rounds; sizes in bytes, times in seconds, nothing where
  /// nothing is known.
  package static func text(_ summary: RunSummary) -> String {
    let rows = [columns.map(\.column.head)] + summary.rounds.map(cells(_:))
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
    columns.map { measure, _ in
      guard let value = measure.value(in: round) else { return "" }
      return measure.unit.isWhole ? "\(Int(value))" : "\(value)"
    }
  }
}
