package import Ledger
import Measures

/// A run's summary as one page that needs nothing but itself: figures, plots and the tables behind
/// them.
///
/// Figures that the run's JSON has too carry their place in it (see `Figure`).
package struct HTMLReport {
  let summary: RunSummary
  let clients: [ClientTotal]
  /// The training samples of each label that each client has; nothing where that isn't known.
  let labels: [[Int]]

  /// The report of `summary`, with the part that each client had, and the labels that each has.
  package init(_ summary: RunSummary, clients: [ClientTotal], labels: [[Int]] = []) {
    self.summary = summary
    self.clients = clients
    self.labels = labels
  }

  /// The page, for a file of its own.
  package func text() -> String { page().text() }

  /// The page for those who look on while the run goes on: it puts new contents in as they come.
  package func liveText() -> String { page().text(script: LiveScript.text) }

  /// The part of the live page that changes: the contents of its `main`.
  package func content() -> String { page().content }

  private func page() -> HTMLPage {
    var page = HTMLPage(title: summary.name)
    page.add(introduction())
    page.add(HTMLTiles(summary: summary).markup())
    if summary.rounds.isEmpty { page.note(emptiness) }
    addFleet(to: &page)
    addData(to: &page)
    guard !summary.rounds.isEmpty else { return page }
    addAccuracy(to: &page)
    addFairness(to: &page)
    addTraining(to: &page)
    addConvergence(to: &page)
    addBytes(to: &page)
    addComputation(to: &page)
    addRounds(to: &page)
    addClients(to: &page)
    addMeter(to: &page)
    return page
  }

  private func introduction() -> String {
    let state = Markup.element(
      "span", ["class": "state \(summary.state.rawValue)"], summary.state.rawValue)
    let planned =
      summary.plannedRounds > 0
      ? "\(summary.rounds.count) of \(summary.plannedRounds) rounds"
      : "\(summary.rounds.count) rounds"
    let lines = [
      state + Markup.escaped(" \(planned), \(summary.elapsed.brief) on the run's clock"),
      Markup.escaped(
        "\(summary.model.name), \(Double(summary.model.parameters).brief) parameters; "
          + "\(summary.strategy), down \(summary.codecs.down), up \(summary.codecs.up); "
          + "seed \(summary.seed), \(summary.transport), \(summary.clock) clock"),
    ]
    let origin = summary.extends.map { extended in
      Markup.escaped("goes on from \(extended.run) after its \(extended.rounds) rounds")
    }
    let problem = summary.problem.map { Markup.escaped("\($0).") }
    let normalization = summary.normalization.map { Markup.escaped($0.words) }
    return (lines + [origin, normalization, problem].compactMap(\.self)).map {
      Markup.element("p", [:], $0)
    }
    .joined()
  }

  private var emptiness: String {
    switch summary.state {
    case .running: "No round has ended yet."
    case .done, .fruitless: "The run had no rounds."
    case .interrupted: "The run was interrupted before its first round had ended."
    case .aborted: "The run was given up before its first round had ended."
    }
  }

  private func addFleet(to page: inout HTMLPage) {
    guard !summary.groups.isEmpty else { return }
    page.heading("Fleet")
    page.figures([
      ("who takes part, and what went between them", FleetPicture(summary: summary).markup())
    ])
    let stages = summary.groups.compactMap(\.updates).map(\.count).max() ?? 0
    var table = HTMLTable(
      ["group", "clients", "link"] + (0..<stages).map { "updates of stage \($0 + 1)" })
    for (index, group) in summary.groups.enumerated() {
      table.add(
        [
          .init(group.name),
          .init(String(group.clients), Figure("groups.\(index).clients", group.clients)),
          .init(group.link ?? "–"),
        ]
          + (group.updates ?? []).enumerated().map { stage, count in
            cell(count, "groups.\(index).updates.\(stage)")
          })
    }
    page.details("The groups of clients", table)
  }

  /// A cell with bytes that the JSON has at `path`.
  func cell(_ bytes: ByteCount, _ path: String) -> HTMLTable.Cell {
    .init(bytes.description, Figure(path, bytes.bytes))
  }

  /// A cell with a number that the JSON has at `path`.
  func cell(_ count: Int, _ path: String) -> HTMLTable.Cell {
    .init(String(count), Figure(path, count))
  }

  /// Four cells with the traffic that the JSON has at `path`.
  func cells(_ traffic: TwoWayTraffic, _ path: String) -> [HTMLTable.Cell] {
    [
      cell(traffic.down.payload, "\(path).down.payload"),
      cell(traffic.down.wire, "\(path).down.wire"),
      cell(traffic.up.payload, "\(path).up.payload"), cell(traffic.up.wire, "\(path).up.wire"),
    ]
  }
}
