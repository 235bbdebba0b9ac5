import Ledger
import Measures

extension HTMLReport {
  /// Adds the spread of the accuracy, or the Dice coefficient, over the clients, round after round.
  func addFairness(to page: inout HTMLPage) {
    let spreads = summary.rounds.enumerated().compactMap { index, round in
      round.fairness.map { (index: index, round: round.round, spread: $0) }
    }
    guard !spreads.isEmpty else { return }
    let isDice = summary.final.dices != nil
    let name = isDice ? "Dice" : "accuracy"
    let text = { (value: Double) in isDice ? value.fixed(4) : value.percent(2) }
    page.heading("Clients' \(name)")
    func series(_ name: String, _ value: (Fairness) -> Double) -> LinePlot.Series {
      .init(name: name, points: spreads.map { (Double($0.round), value($0.spread)) })
    }
    let plot = LinePlot(
      description: "Clients' \(name) against rounds", x: LearningCurve.Abscissa.rounds.axis,
      y: Axis("a client's \(name)") { isDice ? $0.fixed(1) : $0.percent(0) },
      series: [
        series("median", \.median), series("a tenth of the clients is below", \.lowestTenth),
      ],
      borders: LearningCurve(summary).stageBorders(.rounds),
      bands: [
        (
          "worst to best client",
          spreads.map { (Double($0.round), $0.spread.minimum, $0.spread.maximum) }
        )
      ])
    page.figures([("spread over the clients", plot.markup())])
    page.note(
      """
      Where the data tells whose the test samples are, this is measured on each client's own. Elsewhere a client's \
      accuracy is that on the test samples of each class, weighted by the client's own mix of labels: what the model is \
      worth to somebody with such data.
      """)
    var table = HTMLTable([
      "round", "worst", "tenth below", "median", "mean", "best", "deviation",
    ])
    for (index, round, spread) in spreads {
      let path = "rounds.\(index).fairness"
      let figures = [
        ("min", spread.minimum), ("percentile10", spread.lowestTenth), ("median", spread.median),
        ("mean", spread.mean), ("max", spread.maximum), ("standardDeviation", spread.deviation),
      ].map { HTMLTable.Cell(text($0.1), Figure("\(path).\($0.0)", $0.1)) }
      table.add([cell(round, "rounds.\(index).round")] + figures)
    }
    page.details("The spread after each evaluated round", table)
  }

  /// Adds the fall of the full model's gradient.
  func addConvergence(to page: inout HTMLPage) {
    let course = LearningCurve(summary)
    guard let convergence = Convergence(course) else { return }
    page.heading("Convergence")
    page.figures(
      ConvergencePlot(names: ["after the round; dashed: the power law"], courses: [course])
        .figures())
    page.note(Convergence.explanation)
    var table = HTMLTable(Convergence.heads)
    table.add(convergence.cells)
    page.add(table.markup())
  }
}
