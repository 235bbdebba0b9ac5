import Ledger
import Measures

extension Comparison {
  /// The comparison as one page that needs nothing but itself.
  package func html() -> String {
    var page = HTMLPage(title: "Runs compared")
    let count = Markup.escaped("\(runs.count) runs: " + names.joined(separator: ", "))
    page.add(Markup.element("p", [:], count))
    page.heading("Accuracy")
    let accuracy = Axis("accuracy") { $0.percent(0) }
    page.figures(plots("Accuracy", accuracy) { $0.points($1) })
    if hasDice {
      page.heading("Dice")
      let dice = Axis("mean Dice of the foreground") { $0.fixed(2) }
      page.figures(plots("Dice", dice) { $0.dice($1) })
    }
    addMeasures(to: &page)
    addConvergence(to: &page)
    page.heading("Pareto front")
    page.figures([("final accuracy against all bytes", frontPlot(accuracy))])
    page.add(table().markup())
    return page.text()
  }

  private func addMeasures(to page: inout HTMLPage) {
    for (measure, place) in Self.measures {
      let points = runs.map { MeasureSeries(measure, in: $0).points }
      guard points.contains(where: { !$0.isEmpty }) else { continue }
      let title = place.title.capitalizedFirst
      page.heading(title)
      let plot = LinePlot(
        description: "\(title) against rounds", x: LearningCurve.Abscissa.rounds.axis,
        y: Axis(place.axis, label: place.format.text),
        series: runs.indices.map { index in
          LinePlot.Series(
            name: names[index], points: points[index].map { (Double($0.round), $0.value) })
        })
      page.figures([(place.caption, plot.markup())])
    }
  }

  private func addConvergence(to page: inout HTMLPage) {
    let convergences = convergences
    guard !convergences.isEmpty else { return }
    page.heading("Convergence")
    let plot = ConvergencePlot(
      names: convergences.map { names[$0.run] }, courses: convergences.map { courses[$0.run] })
    page.figures(plot.figures())
    page.note(Convergence.explanation)
    var table = HTMLTable(["run"] + Convergence.heads)
    for (run, convergence) in convergences { table.add([names[run]] + convergence.cells) }
    page.add(table.markup())
  }

  /// True if any of the runs learnt segmentation.
  private var hasDice: Bool { courses.contains { !$0.dice(.rounds).isEmpty } }

  /// A measure of all runs' models against what was spent for it.
  private func plots(
    _ name: String, _ y: Axis,
    _ points: (LearningCurve, LearningCurve.Abscissa) -> [(x: Double, y: Double)]
  ) -> [(caption: String, plot: String)] {
    [LearningCurve.Abscissa.bytes, .flops, .time, .rounds].map { abscissa in
      let plot = LinePlot(
        description: "\(name) against \(abscissa.title)", x: abscissa.axis, y: y,
        series: runs.indices.map {
          LinePlot.Series(name: names[$0], points: points(courses[$0], abscissa))
        })
      return (caption: "against \(abscissa.title)", plot: plot.markup())
    }
  }

  private func frontPlot(_ y: Axis) -> String {
    func point(_ index: Int) -> (x: Double, y: Double)? {
      accuracy(index).map { (Double(runs[index].totals.traffic.wire.bytes), $0) }
    }
    return LinePlot(
      description: "Final accuracy against all bytes on the wire",
      x: LearningCurve.Abscissa.bytes.axis,
      y: y,
      series: runs.indices.map {
        LinePlot.Series(name: names[$0], points: point($0).map { [$0] } ?? [])
      },
      isJoined: false, front: front.compactMap(point)
    ).markup()
  }

  private func table() -> HTMLTable {
    let costs = targets.flatMap { target in
      ["wire", "FLOPs", "time"].map { "\($0) to \(target.percent())" }
    }
    var table = HTMLTable(
      [
        "run", "model", "down", "up", "rounds", "down wire", "up wire", "of full model", "FLOPs",
        "time", "waiting",
      ] + Self.measures.map(\.place.title) + ["accuracy"] + (hasDice ? ["Dice"] : []) + costs + [
        "on the front"
      ])
    let front = front
    for index in runs.indices {
      let run = runs[index]
      let reached = targets.flatMap { target in
        let point = courses[index].first(reaching: target)
        return [
          point?.bytes.description ?? "–", point?.flops.brief ?? "–", point?.time.brief ?? "–",
        ]
      }
      let cells: [String] =
        [
          names[index], run.model.name, run.codecs.down, run.codecs.up, String(run.rounds.count),
          run.totals.traffic.down.wire.description, run.totals.traffic.up.wire.description,
          run.savings.map { (1 / $0).percent() } ?? "–", run.totals.flops.brief, run.elapsed.brief,
          run.waiting.brief,
        ] + lastValues(index) + [accuracy(index)?.percent(2) ?? "–"]
      let dice = hasDice ? [run.final.dice?.fixed(4) ?? "–"] : []
      table.add((cells + dice + reached + [front.contains(index) ? "yes" : ""]).map { .init($0) })
    }
    return table
  }
}
