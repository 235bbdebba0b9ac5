import Ledger
import Measures

extension HTMLReport {
  /// Adds the plots of measures against rounds, those of one caption in one plot.
  func addTraining(to page: inout HTMLPage) {
    let borders = LearningCurve(summary).stageBorders(.rounds)
    let lines = Measure.all.compactMap { measure in
      measure.plot.map { (plot: $0, points: MeasureSeries(measure, in: summary).plotted) }
    }
    var captions: [String] = []
    for line in lines
    where !line.plot.isCompanion && !line.points.isEmpty && !captions.contains(line.plot.caption) {
      captions.append(line.plot.caption)
    }
    guard !captions.isEmpty else { return }
    page.heading("Training")
    page.figures(
      captions.map { caption in
        let together = lines.filter { $0.plot.caption == caption && !$0.points.isEmpty }
        let drawn = together.filter { !$0.plot.isCompanion } + together.filter(\.plot.isCompanion)
        let plot = LinePlot(
          description: "\(caption.capitalizedFirst) against rounds",
          x: LearningCurve.Abscissa.rounds.axis,
          y: Axis(drawn[0].plot.axis, label: drawn[0].plot.format.text),
          series: drawn.map { .init(name: $0.plot.line, points: $0.points) }, borders: borders)
        return (caption, plot.markup())
      })
    page.note(lines.compactMap(\.plot.note).joined(separator: " "))
  }
}

extension String {
  /// The text with a capital letter at its beginning.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
