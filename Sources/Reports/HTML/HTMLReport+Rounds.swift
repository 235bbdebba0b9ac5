import Ledger
import Measures

extension HTMLReport {
  /// The rounds in time, and what became of the clients in each.
  func addRounds(to page: inout HTMLPage) {
    page.heading("Rounds")
    page.figures([
      ("who arrived, was late, was lost", TimelinePlot(rounds: summary.rounds).markup())
    ])
    var table = HTMLTable([
      "round", "stage", "selected", "accepted", "late", "lost", "refused", "duplicates",
      "down wire", "up wire", "began", "time", "learning rate", "training loss", "accuracy",
    ])
    for (index, round) in summary.rounds.enumerated() {
      let path = "rounds.\(index)"
      let stage = "\(round.stage)\(round.warmUp ? " (warm-up)" : "")"
      table.add([
        cell(round.round, "\(path).round"), .init(stage, Figure("\(path).stage", round.stage)),
        cell(round.selected, "\(path).selected"), cell(round.accepted, "\(path).accepted"),
        cell(round.late, "\(path).late"), cell(round.lost, "\(path).lost"),
        cell(round.refused, "\(path).refused"), cell(round.duplicates, "\(path).duplicates"),
        cell(round.load.traffic.down.wire, "\(path).down.wire"),
        cell(round.load.traffic.up.wire, "\(path).up.wire"),
        .init(round.opened.brief, Figure("\(path).opened", round.opened.seconds)),
        .init(round.elapsed.brief, Figure("\(path).elapsed", round.elapsed.seconds)),
        round.learningRate.map { .init($0.scientific, Figure("\(path).learningRate", $0)) } ?? "–",
        round.trainingLoss.map { .init($0.fixed(4), Figure("\(path).trainingLoss", $0)) } ?? "–",
        round.accuracy.map { .init($0.percent(2), Figure("\(path).accuracy", $0)) } ?? "–",
      ])
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
