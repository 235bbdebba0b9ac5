import Ledger
import Measures

extension HTMLReport {
  /// The accuracy against what was spent for it.
  func addAccuracy(to page: inout HTMLPage) {
    let course = Course(summary)
    page.heading("Accuracy")
    guard !course.points.isEmpty else {
      page.note("The model was not evaluated.")
      return
    }
    let accuracy = Axis("accuracy, share of test samples") { $0.percent(0) }
    func plot(_ against: Course.Abscissa) -> String {
      LinePlot(
        description: "Accuracy against \(against.title)", x: against.axis, y: accuracy,
        series: [.init(name: "accuracy after the round", points: course.points(against))],
        borders: course.stageBorders(against)
      ).markup()
    }
    page.figures([
      ("against rounds", plot(.rounds)), ("against bytes on the wire", plot(.bytes)),
      ("against time", plot(.time)),
    ])
    var table = HTMLTable(["round", "stage", "bytes so far", "time so far", "accuracy", "loss"])
    for point in course.points {
      let path = "rounds.\(point.index)"
      table.add([
        cell(point.round.round, "\(path).round"), cell(point.round.stage, "\(path).stage"),
        .init(point.bytes.description), .init(point.time.brief),
        .init(point.accuracy.percent(2), Figure("\(path).accuracy", point.accuracy)),
        point.round.loss.map { .init($0.fixed(4), Figure("\(path).loss", $0)) } ?? "–",
      ])
    }
    page.details("The evaluated rounds", table)
    addMilestones(to: &page)
  }

  private func addMilestones(to page: inout HTMLPage) {
    let milestones = summary.milestones
    guard !milestones.isEmpty else { return }
    page.caption("What it took to be so accurate")
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
