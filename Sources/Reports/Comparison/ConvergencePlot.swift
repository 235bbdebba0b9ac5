import Measures

/// The squared gradient norms of runs on logarithmic axes, each with its power law.
struct ConvergencePlot {
  let names: [String]
  let courses: [LearningCurve]

  /// The plots of the lowest and the mean norm so far, against rounds and against bytes.
  func figures() -> [(caption: String, plot: String)] {
    Convergence.Measure.allCases.flatMap { measure in
      [LearningCurve.Abscissa.rounds, .bytes].map { abscissa in
        (
          caption: "\(measure.rawValue) so far, against \(abscissa.title)",
          plot: plot(measure, abscissa)
        )
      }
    }
  }

  private func plot(_ measure: Convergence.Measure, _ abscissa: LearningCurve.Abscissa) -> String {
    let series = courses.indices.map {
      LinePlot.Series(name: names[$0], points: courses[$0].gradients(measure, abscissa))
    }
    let name = measure.rawValue.prefix(1).uppercased() + measure.rawValue.dropFirst()
    return LinePlot(
      description: "\(name) squared gradient norm against \(abscissa.title)",
      x: Axis(abscissa.axis.title, kind: .logarithmic, label: abscissa.axis.label),
      y: Axis("squared gradient norm", kind: .logarithmic) { $0.scientific }, series: series,
      trends: series.indices.compactMap { index in
        PowerLaw(through: series[index].points).map { (index, $0) }
      }
    ).markup()
  }
}
