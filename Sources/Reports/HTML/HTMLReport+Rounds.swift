import Ledger
import Measures

extension HTMLReport {
  /// The rounds in time, and what became of the clients in each.
  func addRounds(to page: inout HTMLPage) {
    page.heading("Rounds")
    page.figures([
      ("who arrived, was late, was lost", TimelinePlot(rounds: summary.rounds).markup())
    ])
    // What few runs have is shown where there is some.
    let shown = Measure.all.filter { measure in
      measure.column == nil || measure.isAlwaysInJSON
        || summary.rounds.contains { measure.value(in: $0) != nil }
    }
    let columns = shown.compactMap { measure in
      measure.table.map { (measure: measure, column: $0) }
    }.sorted { $0.column.place < $1.column.place }
    var table = HTMLTable(["round", "stage"] + columns.map(\.column.head))
    for (index, round) in summary.rounds.enumerated() {
      let path = "rounds.\(index)"
      let stage =
        "\(round.stage)\(round.warmUp ? " (warm-up)" : "")"
        + "\(round.discarded == nil ? "" : " (discarded)")"
      table.add(
        [cell(round.round, "\(path).round"), .init(stage, Figure("\(path).stage", round.stage))]
          + columns.map { measure, _ in
            guard let value = measure.value(in: round) else { return "–" }
            return .init(measure.format.text(value), Figure("\(path).\(measure.name)", value))
          })
    }
    page.details("All rounds", table)
    guard !summary.counters.isEmpty else { return }
    page.caption("What else happened")
    var counters = HTMLTable(["what", "times"])
    for (name, count) in summary.counters.sorted(by: { $0.key < $1.key }) {
      counters.add([.init(name), .init(String(count))])
    }
    page.add(counters.markup())
  }
}
