package import Ledger
import Measures

/// Several runs side by side: what each reached, and what it spent on the way.
package struct Comparison {
  let runs: [RunSummary]
  let courses: [Course]

  /// A comparison of the given runs, in the order given.
  package init(_ runs: [RunSummary]) {
    self.runs = runs
    courses = runs.map(Course.init)
  }

  /// The names of the runs, told apart by number where they are the same.
  var names: [String] {
    runs.indices.map { index in
      let name = runs[index].name
      let equal = runs.indices.filter { runs[$0].name == name }
      guard equal.count > 1, let place = equal.firstIndex(of: index) else { return name }
      return "\(name) (\(place + 1))"
    }
  }

  /// The accuracy that all evaluated runs reached: where they can be compared by cost.
  var common: Double? { courses.compactMap(\.best).min() }

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

  /// The table as text, at most `width` columns wide; colours only where they were asked for.
  package func text(width: Int = 80, colours: Bool = false) -> String {
    let target = common.map { "to \($0.percent())" } ?? "to equal"
    var table = TextTable([
      .init("run", alignsLeft: true), .init("rounds", rank: 3), .init("accu-", "racy"),
      .init("down", "wire", rank: 6), .init("up", "wire", rank: 6), .init("wire"),
      .init("of full", "model", rank: 5), .init("FLOPs", rank: 4), .init("time", rank: 2),
      .init("wire", target, rank: 7), .init("FLOPs", target, rank: 1), .init("front"),
    ])
    let front = front
    let limit = max(8, width / 4)
    for index in runs.indices {
      let (run, name) = (runs[index], names[index])
      let reached = common.flatMap { courses[index].first(reaching: $0) }
      table.add([
        name.count <= limit ? name : name.prefix(limit - 1) + "…", String(run.rounds.count),
        accuracy(index)?.percent(2) ?? "–", run.totals.traffic.down.wire.description,
        run.totals.traffic.up.wire.description, run.totals.traffic.wire.description,
        run.savings.map { (1 / $0).percent() } ?? "–", run.totals.flops.brief, run.elapsed.brief,
        reached?.bytes.description ?? "–", reached?.flops.brief ?? "–",
        front.contains(index) ? "*" : "",
      ])
    }
    var lines = table.lines(width: width, style: Style(isOn: colours))
    if !front.isEmpty {
      lines += ["", "* Pareto front: accuracy, bytes"]
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
