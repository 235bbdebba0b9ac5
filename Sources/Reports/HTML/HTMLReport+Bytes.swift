import Ledger
import Measures

extension HTMLReport {
  /// The bytes of each stage and round, beside those of the full model, and what they were for.
  func addBytes(to page: inout HTMLPage) {
    page.heading("Bytes")
    let bytes = Axis("bytes on the wire") { ByteCount(Int($0)).description }
    let bars = summary.stages.map { stage in
      BarPlot.Bar(
        name: "stage \(stage.stage)",
        parts: Direction.allCases.map { Double(stage.load.traffic[$0].wire.bytes) },
        limit: Double(stage.fullModel.traffic.wire.bytes))
    }
    let stages = BarPlot(
      description: "Bytes on the wire per stage", x: Axis("stage"), y: bytes,
      partNames: ["down", "up"], bars: bars, limitName: "full model, both ways")
    func series(_ direction: Direction) -> LinePlot.Series {
      LinePlot.Series(
        name: direction.rawValue,
        points: summary.rounds.map {
          (Double($0.round), Double($0.load.traffic[direction].wire.bytes))
        })
    }
    let rounds = LinePlot(
      description: "Bytes on the wire per round", x: LearningCurve.Abscissa.rounds.axis,
      y: Axis("bytes on the wire", kind: .logarithmic) { ByteCount(Int($0)).description },
      series: [series(.down), series(.up)], borders: LearningCurve(summary).stageBorders(.rounds))
    page.figures([
      ("per stage, beside the full model", stages.markup()), ("per round", rounds.markup()),
    ])
    page.add(stageTable().markup())
    page.details("What the bytes were for", kindTable())
  }

  private func stageTable() -> HTMLTable {
    var table = HTMLTable([
      "stage", "rounds", "parameters", "down payload", "down wire", "up payload", "up wire",
      "full model down", "full model up", "fewer bytes", "time",
    ])
    for (index, stage) in summary.stages.enumerated() {
      let path = "stages.\(index)"
      table.add(
        [
          cell(stage.stage, "\(path).stage"), cell(stage.rounds, "\(path).rounds"),
          .init(Double(stage.parameters).brief, Figure("\(path).parameters", stage.parameters)),
        ] + cells(stage.load.traffic, path)
          + full(stage.fullModel, stage.reduction, path, saved: "\(path).savings.bytes")
          + [.init(stage.elapsed.brief, Figure("\(path).elapsed", stage.elapsed.seconds))])
    }
    if summary.waiting > .zero {
      table.add(
        ["waiting"] + Array(repeating: "", count: 9)
          + [.init(summary.waiting.brief, Figure("waiting", summary.waiting.seconds))])
    }
    table.add(
      ["all", .init(String(summary.rounds.count)), ""] + cells(summary.totals.traffic, "totals")
        + full(summary.fullModel, summary.reduction, "", saved: "savings")
        + [.init(summary.elapsed.brief, Figure("elapsed", summary.elapsed.seconds))])
    return table
  }

  private func full(
    _ load: Load, _ reduction: Savings, _ path: String, saved: String
  ) -> [HTMLTable.Cell] {
    let path = path.isEmpty ? "fullModel" : "\(path).fullModel"
    return [
      cell(load.traffic.down.wire, "\(path).down.wire"),
      cell(load.traffic.up.wire, "\(path).up.wire"),
      reduction.bytes.map { .init("\($0.fixed(2))×", Figure(saved, $0)) } ?? "–",
    ]
  }

  private func kindTable() -> HTMLTable {
    var table = HTMLTable(["kind", "down payload", "down wire", "up payload", "up wire"])
    for kind in TrafficKind.allCases {
      guard let traffic = summary.kinds[kind] else { continue }
      table.add([.init(kind.rawValue)] + cells(traffic, "kinds.\(kind.rawValue)"))
    }
    table.add(["handed over, also what didn't arrive"] + cells(summary.offered, "offered"))
    return table
  }
}
