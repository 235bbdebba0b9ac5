import Ledger
import Measures

extension HTMLReport {
  /// The operations of training, per stage and client, beside those of the full model.
  func addComputation(to page: inout HTMLPage) {
    guard summary.totals.flops > 0 else { return }
    page.heading("Computation")
    let bars = summary.stages.map {
      BarPlot.Bar(name: "stage \($0.stage)", parts: [$0.load.flops], limit: $0.fullModel.flops)
    }
    let plot = BarPlot(
      description: "FLOPs of training per stage", x: Axis("stage"),
      y: Axis("FLOPs of training") { $0.brief }, partNames: ["clients' training"], bars: bars,
      limitName: "full model on the same samples")
    page.figures([("per stage, beside the full model", plot.markup())])
    var table = HTMLTable([
      "stage", "FLOPs", "full model", "fewer FLOPs", "clients", "FLOPs per client",
      "memory per client",
    ])
    for (index, stage) in summary.stages.enumerated() {
      let path = "stages.\(index)"
      table.add([
        cell(stage.stage, "\(path).stage"),
        .init(stage.load.flops.brief, Figure("\(path).flops", stage.load.flops)),
        .init(
          stage.fullModel.flops.brief, Figure("\(path).fullModel.flops", stage.fullModel.flops)),
        stage.reduction.flops.map { .init("\($0.fixed(2))×", Figure("\(path).savings.flops", $0)) }
          ?? "–",
        cell(stage.participants, "\(path).participants"),
        stage.flopsPerParticipant.map {
          .init($0.brief, Figure("\(path).flopsPerParticipant", $0))
        } ?? "–",
        stage.memory.map { cell($0, "\(path).memory") } ?? "–",
      ])
    }
    table.add([
      "all", .init(summary.totals.flops.brief, Figure("totals.flops", summary.totals.flops)),
      .init(summary.fullModel.flops.brief, Figure("fullModel.flops", summary.fullModel.flops)),
      summary.reduction.flops.map { .init("\($0.fixed(2))×", Figure("flopsSavings", $0)) } ?? "–",
      .init(String(clients.count)), "", "",
    ])
    page.add(table.markup())
  }
}
