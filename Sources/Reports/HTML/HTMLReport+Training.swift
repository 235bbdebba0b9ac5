import Ledger
import Measures

extension HTMLReport {
  /// The clients' own loss beside that on the test samples, and the learning rate, round after
  /// round.
  func addTraining(to page: inout HTMLPage) {
    let course = LearningCurve(summary)
    let borders = course.stageBorders(.rounds)
    var figures: [(caption: String, plot: String)] = []
    let training = course.trainingLosses.map { (x: Double($0.round), y: $0.loss) }
    if !training.isEmpty {
      let test = summary.rounds.compactMap { round in
        round.loss.flatMap { $0.isFinite ? (x: Double(round.round), y: $0) : nil }
      }
      var series = [LinePlot.Series(name: "clients, while they train", points: training)]
      if !test.isEmpty { series.append(.init(name: "test samples, after the round", points: test)) }
      let plot = LinePlot(
        description: "Loss against rounds", x: LearningCurve.Abscissa.rounds.axis,
        y: Axis("mean loss") { $0.brief }, series: series, borders: borders)
      figures.append(("loss", plot.markup()))
    }
    let rates = summary.rounds.compactMap { round in
      round.learningRate.map { (x: Double(round.round), y: $0) }
    }
    if !rates.isEmpty {
      let plot = LinePlot(
        description: "Learning rate against rounds", x: LearningCurve.Abscissa.rounds.axis,
        y: Axis("learning rate") { $0.scientific },
        series: [.init(name: "the clients' learning rate", points: rates)], borders: borders)
      figures.append(("learning rate", plot.markup()))
    }
    guard !figures.isEmpty else { return }
    page.heading("Training")
    page.figures(figures)
    page.note(
      """
      The clients' loss is the mean over those whose updates count, weighted by their samples. What is new in the model \
      may learn more slowly than the learning rate says, where the topology has it enter gently.
      """)
  }
}
