package import Ledger
import Measures

/// Several runs side by side: what each reached, and what it spent on the way.
package struct Comparison {
  let runs: [RunSummary]
  let directories: [String]
  let courses: [LearningCurve]
  /// The accuracies whose cost is compared.
  let targets: [Double]

  /// A comparison of the given runs, in the order given.
  ///
  /// - Parameters:
  ///   - runs: The runs.
  ///   - directories: The directory of each; may be left out.
  ///   - targets: The accuracies whose cost is compared; nil for the highest that all evaluated
  ///     runs reached.
  package init(_ runs: [RunSummary], directories: [String] = [], targets: [Double]? = nil) {
    self.runs = runs
    self.directories = directories
    courses = runs.map(LearningCurve.init)
    self.targets = targets ?? (courses.compactMap(\.best).min().map { [$0] } ?? [])
  }

  /// The names of the runs, told apart where they are the same: by their directories, or else by
  /// number.
  var names: [String] {
    runs.indices.map { index in
      let name = runs[index].name
      let equal = runs.indices.filter { runs[$0].name == name }
      guard equal.count > 1, let place = equal.firstIndex(of: index) else { return name }
      let folders = equal.compactMap { directories.indices.contains($0) ? folder($0) : nil }
      if Set(folders).count == equal.count { return folders[place] }
      return "\(name) (\(place + 1))"
    }
  }

  /// The last part of a run's path.
  private func folder(_ index: Int) -> String {
    directories[index].split(separator: "/").last.map(String.init) ?? directories[index]
  }

  /// The accuracy that a run ended with.
  func accuracy(_ index: Int) -> Double? {
    let accuracy = runs[index].final.accuracy ?? courses[index].best
    return accuracy.flatMap { $0.isFinite ? $0 : nil }
  }

  /// The evaluated runs that no other run beats in both final accuracy and bytes on the wire.
  var front: [Int] {
    let evaluated = runs.indices.filter { accuracy($0) != nil }
    let choices = evaluated.map { index in
      (cost: Double(runs[index].totals.traffic.wire.bytes), worth: accuracy(index) ?? 0)
    }
    return ParetoFront.members(choices).map { evaluated[$0] }
  }

  /// The fall of the runs' gradients, of those that have any.
  var convergences: [(run: Int, convergence: Convergence)] {
    runs.indices.compactMap { run in Convergence(courses[run]).map { (run, $0) } }
  }

  /// The measures whose last value is compared, with their places.
  static let measures = Measure.all.compactMap { measure in
    measure.comparison.map { (measure: measure, place: $0) }
  }

  /// The texts of a run's last values of ``measures``.
  func lastValues(_ index: Int) -> [String] {
    Self.measures.map { measure, _ in
      MeasureSeries(measure, in: runs[index]).last.map(measure.format.text) ?? "–"
    }
  }

  /// The table as text, at most `width` columns wide; colours only where they were asked for.
  package func text(width: Int = 80, colours: Bool = false) -> String {
    var columns: [TextTable.Column] = [
      .init("run", alignsLeft: true), .init("rounds", rank: 3), .init("accu-", "racy"),
      .init("down", "wire", rank: 6), .init("up", "wire", rank: 6), .init("wire"),
      .init("of full", "model", rank: 5), .init("FLOPs", rank: 4),
    ]
    columns += Self.measures.map { .init($0.place.head, rank: $0.place.rank) }
    columns.append(.init("time", rank: 2))
    for target in targets {
      let text = "to \(target.percent())"
      columns += [
        .init("wire", text, rank: 7), .init("FLOPs", text, rank: 1), .init("time", text, rank: 1),
      ]
    }
    var table = TextTable(columns + [.init("front")])
    let front = front
    for index in runs.indices {
      let run = runs[index]
      let reached = targets.flatMap { target in
        let point = courses[index].first(reaching: target)
        return [
          point?.bytes.description ?? "–", point?.flops.brief ?? "–", point?.time.brief ?? "–",
        ]
      }
      let cells: [String] = [
        shortName(index, width: width), String(run.rounds.count),
        accuracy(index)?.percent(2) ?? "–", run.totals.traffic.down.wire.description,
        run.totals.traffic.up.wire.description, run.totals.traffic.wire.description,
        run.savings.map { (1 / $0).percent() } ?? "–", run.totals.flops.brief,
      ]
      table.add(
        cells + lastValues(index) + [run.elapsed.brief] + reached + [
          front.contains(index) ? "*" : ""
        ])
    }
    var lines = table.lines(width: width, style: Style(isOn: colours))
    if !front.isEmpty {
      lines += ["", "* Pareto front: accuracy, bytes"]
    }
    lines += convergenceLines(width: width, colours: colours)
    return lines.map { $0 + "\n" }.joined()
  }

  /// A table of how the gradients fell; nothing where none were taken.
  private func convergenceLines(width: Int, colours: Bool) -> [String] {
    let convergences = convergences
    guard !convergences.isEmpty else { return [] }
    var table = TextTable([
      .init("run", alignsLeft: true), .init("‖∇f‖²", "last", rank: 1), .init("‖∇f‖²", "lowest"),
      .init("lowest", "on rounds", rank: 5), .init("lowest", "on bytes", rank: 4),
      .init("mean", "on rounds", rank: 3), .init("mean", "on bytes", rank: 2),
    ])
    for (run, convergence) in convergences {
      let slopes = [convergence.lowest, convergence.mean].flatMap { [$0.rounds, $0.bytes] }
      table.add(
        [shortName(run, width: width), convergence.last.scientific, convergence.minimum.scientific]
          + slopes.map { $0?.slope.fixed(2) ?? "–" })
    }
    let note = "Slopes of log ‖∇f‖², lowest and mean so far, by least squares"
    return [""] + table.lines(width: width, style: Style(isOn: colours))
      + (note.count <= width ? ["", note] : [])
  }

  /// A run's name, cut where it would take more than a quarter of the width.
  private func shortName(_ index: Int, width: Int) -> String {
    let (name, limit) = (names[index], max(8, width / 4))
    return name.count <= limit ? name : String(name.prefix(limit - 1)) + "…"
  }
}

/// The choices that aren't beaten by another one in both cost and worth.
package enum ParetoFront {
  /// The places of the choices on the front, the cheapest first; of equals, all.
  package static func members(_ choices: [(cost: Double, worth: Double)]) -> [Int] {
    choices.indices.filter { index in
      let own = choices[index]
      return !choices.contains { other in
        other.cost <= own.cost && other.worth >= own.worth
          && (other.cost < own.cost || other.worth > own.worth)
      }
    }.sorted {
      (choices[$0].cost, choices[$0].worth, $0) < (choices[$1].cost, choices[$1].worth, $1)
    }
  }
}
