package import Ledger
import Measures

/// A run's summary as one page that needs nothing but itself: figures, plots and the tables behind them.
package struct HTMLReport {
  private let summary: RunSummary
  private let clients: [ClientTotal]

  /// The report of `summary`, with the part that each client had.
  package init(_ summary: RunSummary, clients: [ClientTotal]) {
    self.summary = summary
    self.clients = clients
  }

  /// The page, for a file of its own.
  package func text() -> String {
    var page = HTMLPage(title: summary.name)
    page.add(introduction())
    page.add(tiles())
    if summary.rounds.isEmpty {
      page.add(Markup.element("p", [:], "No round has ended yet."))
      return page.text()
    }
    addAccuracy(to: &page)
    addBytes(to: &page)
    addRounds(to: &page)
    addClients(to: &page)
    return page.text()
  }

  private func introduction() -> String {
    let start = summary.model.name + ", \(Double(summary.model.parameters).brief) parameters"
    let lines = [
      "\(start); \(summary.strategy), down \(summary.codecs.down), up \(summary.codecs.up)",
      "seed \(summary.seed), \(summary.transport), \(summary.clock) clock; "
        + "\(summary.state.rawValue) after \(summary.rounds.count) rounds",
    ]
    return lines.map { Markup.element("p", [:], Markup.escaped($0)) }.joined()
  }

  private func tiles() -> String {
    var tiles: [(String, String)] = []
    if let accuracy = summary.final.accuracy { tiles.append((accuracy.percent(2), "accuracy")) }
    if let dice = summary.final.dice { tiles.append((dice.fixed(3), "Dice, foreground")) }
    if let loss = summary.final.loss { tiles.append((loss.fixed(3), "loss")) }
    tiles.append((summary.totals.traffic.down.wire.description, "down, on the wire"))
    tiles.append((summary.totals.traffic.up.wire.description, "up, on the wire"))
    if let savings = summary.savings {
      tiles.append(("\(savings.fixed(2))×", "fewer bytes than the full model"))
    }
    if summary.totals.flops > 0 {
      let ratio = summary.fullModel.flops / summary.totals.flops
      tiles.append(("\(ratio.fixed(2))×", "fewer FLOPs than the full model"))
    }
    tiles.append((summary.elapsed.brief, "on the run's clock"))
    if let wall = summary.wallClock { tiles.append((wall.brief, "on the wall's clock")) }
    let written = tiles.map { value, name in
      let value = Markup.element("b", [:], Markup.escaped(value))
      return Markup.element(
        "div", ["class": "tile"], value + Markup.element("span", [:], Markup.escaped(name)))
    }
    return Markup.element("div", ["class": "tiles"], written.joined())
  }

  private func addAccuracy(to page: inout HTMLPage) {
    let curve = Course(summary)
    page.heading("Accuracy")
    guard !curve.points.isEmpty else {
      page.add(Markup.element("p", [:], "The model was not evaluated."))
      return
    }
    let accuracy = Axis("accuracy") { $0.percent(0) }
    func plot(_ against: Course.Abscissa) -> String {
      LinePlot(
        description: "Accuracy against \(against.title)", x: against.axis, y: accuracy,
        series: [.init(name: summary.name, points: curve.points(against))],
        borders: curve.stageBorders(against)
      ).markup()
    }
    page.figures([
      ("against rounds", plot(.rounds)), ("against bytes on the wire", plot(.bytes)),
      ("against time", plot(.time)),
    ])
    var table = HTMLTable(["round", "stage", "bytes so far", "time so far", "accuracy", "loss"])
    for point in curve.points {
      table.add([
        String(point.round.round), String(point.round.stage), point.bytes.description,
        point.time.brief, point.round.accuracy?.percent(2) ?? "–",
        point.round.loss?.fixed(4) ?? "–",
      ])
    }
    page.details("The evaluated rounds", table)
  }

  private func addBytes(to page: inout HTMLPage) {
    page.heading("Bytes")
    let bytes = Axis("bytes on the wire") { ByteCount(Int($0)).description }
    let bars = summary.stages.map { stage in
      BarPlot.Bar(
        name: "stage \(stage.stage)",
        parts: Direction.allCases.map { Double(stage.load.traffic[$0].wire.bytes) },
        limit: Double(stage.fullModel.traffic.wire.bytes))
    }
    let plot = BarPlot(
      description: "Bytes on the wire per stage", x: Axis(""), y: bytes, partNames: ["down", "up"],
      bars: bars, limitName: "full model")
    page.figures([("per stage, beside the full model", plot.markup())])
    var table = HTMLTable([
      "stage", "rounds", "parameters", "down payload", "down wire", "up payload", "up wire",
      "full model down", "full model up", "FLOPs", "time",
    ])
    for stage in summary.stages {
      table.add(
        [String(stage.stage), String(stage.rounds), Double(stage.parameters).brief]
          + cells(stage.load, stage.fullModel, stage.elapsed))
    }
    table.add(
      ["all", String(summary.rounds.count), ""]
        + cells(summary.totals, summary.fullModel, summary.elapsed))
    page.add(table.markup())
    var kinds = HTMLTable(["kind", "down payload", "down wire", "up payload", "up wire"])
    for kind in TrafficKind.allCases {
      guard let traffic = summary.kinds[kind] else { continue }
      kinds.add([
        kind.rawValue, traffic.down.payload.description, traffic.down.wire.description,
        traffic.up.payload.description, traffic.up.wire.description,
      ])
    }
    page.details("What the bytes were for", kinds)
  }

  private func cells(_ load: Load, _ full: Load, _ elapsed: Duration) -> [String] {
    let (traffic, whole) = (load.traffic, full.traffic)
    let sizes = [
      traffic.down.payload, traffic.down.wire, traffic.up.payload, traffic.up.wire,
      whole.down.wire, whole.up.wire,
    ]
    return sizes.map(\.description) + [load.flops.brief, elapsed.brief]
  }

  private func addRounds(to page: inout HTMLPage) {
    page.heading("Rounds")
    page.figures([("one after the other", TimelinePlot(rounds: summary.rounds).markup())])
    var table = HTMLTable([
      "round", "stage", "selected", "accepted", "late", "lost", "refused", "duplicates",
      "down wire", "up wire", "time", "accuracy",
    ])
    for round in summary.rounds {
      let counts = [
        round.selected, round.accepted, round.late, round.lost, round.refused, round.duplicates,
      ]
      table.add(
        [String(round.round), "\(round.stage)\(round.warmUp ? " (warm-up)" : "")"]
          + counts.map(String.init)
          + [
            round.load.traffic.down.wire.description, round.load.traffic.up.wire.description,
            round.elapsed.brief, round.accuracy?.percent(2) ?? "–",
          ])
    }
    page.details("All rounds", table)
    guard !summary.counters.isEmpty else { return }
    var counters = HTMLTable(["what else happened", "times"])
    for (name, count) in summary.counters.sorted(by: { $0.key < $1.key }) {
      counters.add([name, String(count)])
    }
    page.add(counters.markup())
  }

  private func addClients(to page: inout HTMLPage) {
    guard !clients.isEmpty else { return }
    page.heading("Clients")
    func plot(_ title: String, _ values: [Double], label: @escaping @Sendable (Double) -> String)
      -> String
    {
      let bars = Histogram(values).bins.map {
        BarPlot.Bar(name: label($0.lower), parts: [Double($0.count)])
      }
      return BarPlot(
        description: "Clients by \(title)", x: Axis("\(title), from"), y: Axis("clients"),
        partNames: ["clients"], bars: bars
      ).markup()
    }
    page.figures([
      (
        "by bytes on their own link",
        plot("bytes", clients.map { Double($0.traffic.wire.bytes) }) {
          ByteCount(Int($0)).description
        }
      ),
      (
        "by updates that counted", plot("updates", clients.map { Double($0.accepted) }) { $0.brief }
      ),
    ])
    // The tables of a hundred thousand clients belong into the ledger, not into a page.
    let shown = clients.sorted { ($1.traffic.wire, $0.client) < ($0.traffic.wire, $1.client) }
    var table = HTMLTable(["client", "selected", "accepted", "down wire", "up wire"])
    for client in shown.prefix(100) {
      table.add([
        String(client.client), String(client.selected), String(client.accepted),
        client.traffic.down.wire.description, client.traffic.up.wire.description,
      ])
    }
    page.details("The \(min(100, clients.count)) clients with the most bytes", table)
  }
}
