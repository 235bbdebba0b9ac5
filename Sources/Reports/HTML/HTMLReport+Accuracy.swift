import Ledger
import Measures

extension HTMLReport {
  /// The accuracy against what was spent for it.
  func addAccuracy(to page: inout HTMLPage) {
    let course = LearningCurve(summary)
    page.heading("Accuracy")
    guard !course.points.isEmpty else {
      page.note(
        "The model was not evaluated\(summary.untestedReason.map { ": \($0)" } ?? "").")
      return
    }
    let accuracy = Axis("accuracy, share of test samples") { $0.percent(0) }
    page.figures(plots("accuracy", accuracy, of: course) { course.points($0) })
    let hasDice = !course.dice(.rounds).isEmpty
    if hasDice {
      page.caption("Mean Dice coefficient of the foreground")
      page.figures(plots("Dice", Axis("mean Dice") { $0.fixed(2) }, of: course, course.dice))
    }
    var table = HTMLTable(
      ["round", "stage", "bytes so far", "time so far", "accuracy", "loss"]
        + (hasDice ? ["Dice"] : []))
    for point in course.points {
      let path = "rounds.\(point.index)"
      let dice: HTMLTable.Cell =
        point.round.dice.map { .init($0.fixed(4), Figure("\(path).dice", $0)) } ?? "–"
      table.add(
        [
          cell(point.round.round, "\(path).round"), cell(point.round.stage, "\(path).stage"),
          .init(point.bytes.description),
          .init(point.time.brief, Figure("\(path).closed", point.time.seconds)),
          .init(point.accuracy.percent(2), Figure("\(path).accuracy", point.accuracy)),
          point.round.loss.map { .init($0.fixed(4), Figure("\(path).loss", $0)) } ?? "–",
        ] + (hasDice ? [dice] : []))
    }
    page.details("The evaluated rounds", table)
    addMilestones(to: &page)
  }

  /// A measure of the model against what was spent for it.
  private func plots(
    _ name: String, _ y: Axis, of course: LearningCurve,
    _ points: (LearningCurve.Abscissa) -> [(x: Double, y: Double)]
  ) -> [(caption: String, plot: String)] {
    [LearningCurve.Abscissa.rounds, .bytes, .time].map { against in
      let plot = LinePlot(
        description: "\(name.prefix(1).uppercased() + name.dropFirst()) against \(against.title)",
        x: against.axis, y: y,
        series: [.init(name: "\(name) after the round", points: points(against))],
        borders: course.stageBorders(against))
      return ("against \(against.title)", plot.markup())
    }
  }

  private func addMilestones(to page: inout HTMLPage) {
    let milestones = summary.milestones
    guard !milestones.isEmpty else { return }
    page.caption("Bytes, computation and time to each accuracy")
    var table = HTMLTable([
      "accuracy", "round", "down wire", "up wire", "FLOPs", "time on the run's clock",
    ])
    for (index, milestone) in milestones.enumerated() {
      let path = "milestones.\(index)"
      let name = HTMLTable.Cell(
        milestone.accuracy.percent(0), Figure("\(path).accuracy", milestone.accuracy))
      guard let round = milestone.round else {
        table.add([name, "not reached", "–", "–", "–", "–"])
        continue
      }
      let load = milestone.load
      table.add([
        name, cell(round, "\(path).round"), cell(load.traffic.down.wire, "\(path).down.wire"),
        cell(load.traffic.up.wire, "\(path).up.wire"),
        .init(load.flops.brief, Figure("\(path).flops", load.flops)),
        .init(milestone.elapsed.brief, Figure("\(path).elapsed", milestone.elapsed.seconds)),
      ])
    }
    page.add(table.markup())
  }
}
