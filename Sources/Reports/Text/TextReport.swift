import Bytes
package import Ledger
import Measures

/// A run's summary as text for a terminal: a table of stages, and what they come to.
package struct TextReport {
  private let summary: RunSummary
  private let width: Int
  private let style: Style

  /// The report of `summary`, at most `width` columns wide; colours only where they were asked for.
  package init(_ summary: RunSummary, width: Int = 80, colours: Bool = false) {
    precondition(width > 0, "\(width) columns")
    self.summary = summary
    self.width = width
    style = Style(isOn: colours)
  }

  /// The text, ending with a line break.
  package func text() -> String {
    var lines = heading()
    if let problem = summary.problem { lines += wrapped([style.bad(problem)]) }
    lines.append("")
    if summary.rounds.isEmpty {
      lines.append("No round has ended yet.")
    } else {
      lines += table().lines(width: width, style: style)
      lines.append("")
      lines += conclusions()
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func heading() -> [String] {
    let model = summary.model
    let rounds =
      summary.plannedRounds > 0
      ? "\(summary.rounds.count) of \(summary.plannedRounds) rounds"
      : "\(summary.rounds.count) rounds"
    let wall = summary.wallClock.map { " (\($0.brief) on the wall's clock)" } ?? ""
    let origin =
      summary.extends.map { ["goes on from \($0.run) after its \($0.rounds) rounds"] } ?? []
    return wrapped(
      [
        style.strong(summary.name), "\(model.name), \(Double(model.parameters).brief) parameters",
        "\(summary.strategy), down \(summary.codecs.down), up \(summary.codecs.up)",
        "seed \(summary.seed), \(summary.transport), \(summary.clock) clock",
        "\(state), \(rounds) in \(summary.elapsed.brief)\(wall)",
      ] + origin + [summary.normalization?.words].compactMap(\.self))
  }

  private var state: String {
    switch summary.state {
    case .running: style.strong("running")
    case .done: style.good("done")
    case .fruitless: style.bad("fruitless")
    case .interrupted: style.bad("interrupted")
    case .aborted: style.bad("aborted")
    }
  }

  private func table() -> TextTable {
    var table = TextTable([
      .init("stage", alignsLeft: true), .init("rounds", rank: 6), .init("param-", "eters", rank: 3),
      .init("down", "payload", rank: 5), .init("down", "wire"), .init("up", "payload", rank: 5),
      .init("up", "wire"), .init("of full", "model"), .init("FLOPs", rank: 7),
      .init("time", rank: 4), .init("accepted", rank: 1), .init("accu-", "racy", rank: 2),
    ])
    for stage in summary.stages {
      let rounds = summary.rounds.filter { $0.stage == stage.stage }
      table.add(
        [String(stage.stage), String(stage.rounds), Double(stage.parameters).brief]
          + cells(stage.load, of: stage.fullModel)
          + [stage.elapsed.brief, accepted(rounds), stage.accuracy?.percent() ?? "–"])
    }
    if summary.waiting > .zero {
      table.add(
        ["waiting"] + Array(repeating: "", count: 8) + [summary.waiting.brief] + ["", ""])
    }
    table.rule()
    table.add(
      ["all", String(summary.rounds.count), ""]
        + cells(summary.totals, of: summary.fullModel)
        + [summary.elapsed.brief, accepted(summary.rounds), ""])
    table.add(
      ["full", "", Double(summary.model.parameters).brief]
        + cells(summary.fullModel, of: summary.fullModel) + ["", "", ""])
    return table
  }

  /// The accepted updates of a group by the stage that was trained, in words; nil where all were of
  /// their rounds' stages.
  private static func depth(of group: ClientGroup) -> String? {
    guard let updates = group.updates else { return nil }
    let parts = updates.enumerated().filter { $0.element > 0 }.map { stage, count in
      "\(count) of stage \(stage + 1)"
    }
    return parts.isEmpty ? nil : "\(group.name) \(parts.joined(separator: " + "))"
  }

  private func cells(_ load: Load, of fullModel: Load) -> [String] {
    let wire = fullModel.traffic.wire.bytes
    let share = wire > 0 ? Double(load.traffic.wire.bytes) / Double(wire) : nil
    return [
      load.traffic.down.payload.description, load.traffic.down.wire.description,
      load.traffic.up.payload.description, load.traffic.up.wire.description,
      share?.percent() ?? "–", load.flops.brief,
    ]
  }

  private func accepted(_ rounds: [RoundSummary]) -> String {
    "\(rounds.map(\.accepted).reduce(0, +))/\(rounds.map(\.selected).reduce(0, +))"
  }

  private func conclusions() -> [String] {
    var lines: [String] = []
    if let savings = summary.savings {
      var parts = ["\(savings.fixed(2))× fewer bytes on the wire"]
      if summary.totals.flops > 0 {
        parts.append("\((summary.fullModel.flops / summary.totals.flops).fixed(2))× fewer FLOPs")
      }
      lines += list("Savings", parts)
    }
    lines += list(
      "Memory",
      summary.stages.compactMap { stage in
        stage.memory.map { "\($0) per client in stage \(stage.stage)" }
      })
    lines += list("Depth", summary.groups.compactMap(Self.depth(of:)))
    let updates = [
      ("selected", \RoundSummary.selected), ("accepted", \.accepted), ("late", \.late),
      ("lost", \.lost), ("refused", \.refused), ("duplicates", \.duplicates),
    ].map { name, count in "\(summary.rounds.map { $0[keyPath: count] }.reduce(0, +)) \(name)" }
    lines += list("Clients", updates)
    lines += list(
      "Discarded", summary.discarded.map { "round \($0.round) (\($0.discarded ?? ""))" })
    let kinds = summary.kinds.sorted {
      ($1.value.wire, $0.key.rawValue) < ($0.value.wire, $1.key.rawValue)
    }
    lines += list("Wire", kinds.map { "\($0.key.rawValue) \($0.value.wire)" })
    let counters = summary.counters.sorted { $0.key < $1.key }
    lines += list("Counted", counters.map { "\($0.value) × \($0.key)" })
    lines += list("Reached", milestones)
    for head in Self.heads { lines += list(head, phrases(head)) }
    lines += list("Data", partition)
    let isDice = summary.final.dices != nil
    lines += list(
      "Accuracy",
      scores(summary.final.accuracies) { $0.percent(2) } + (isDice ? [] : fairness { $0.percent() })
    )
    lines += list(
      "Dice",
      scores(summary.final.dices) { $0.fixed(4) } + (isDice ? fairness { $0.fixed(4) } : []))
    if let convergence = Convergence(summary) {
      lines += list(
        "Gradient",
        [
          "squared norm \(convergence.last.scientific)",
          "\(convergence.minimum.scientific) at the lowest",
        ])
    }
    if let meter = summary.meter { lines += list("Meters", [HTMLReport.sentence(meter)]) }
    lines += list("Best", best)
    lines += list("Final", final)
    return lines
  }

  /// The cost of the accuracies on the way.
  private var milestones: [String] {
    summary.milestones.map { milestone in
      let accuracy = milestone.accuracy.percent(0)
      guard let round = milestone.round else { return "\(accuracy) not reached" }
      return "\(accuracy) in round \(round) for \(milestone.load.traffic.wire) and "
        + "\(milestone.load.flops.brief) FLOPs after \(milestone.elapsed.brief)"
    }
  }

  /// The heads of the lines about measures, each once.
  private static let heads = Measure.all.compactMap(\.text?.head).reduce(into: [String]()) {
    if !$0.contains($1) { $0.append($1) }
  }

  /// The phrases of all measures in the line of that head.
  private func phrases(_ head: String) -> [String] {
    Measure.all.filter { $0.text?.head == head }.flatMap {
      MeasureSeries($0, in: summary).phrases
    }
  }

  /// The model that is kept as the best one.
  private var best: [String] {
    guard let number = summary.final.bestRound else { return [] }
    let round = summary.rounds.first { $0.round == number }
    let score =
      round?.dice.map { "Dice \($0.fixed(4))" }
      ?? round?.accuracy.map { "accuracy \($0.percent(2))" } ?? "not evaluated"
    let stage = round.map { "stage \($0.stage)" }
    let model = summary.final.bestModelDigest.map { "model \($0.short)" }
    return ["\(score) after round \(number)"] + [stage, model].compactMap { $0 }
      + ["kept as model-best.safetensors"]
  }

  /// The distribution of samples and labels over the clients.
  private var partition: [String] {
    guard let partition = summary.partition else { return [] }
    let (size, labels) = (partition.size, partition.labelsPerClient)
    return [
      "\(partition.samples) samples on \(partition.clients) clients",
      "\(size.min) to \(size.max) each",
      "\(labels.min) to \(labels.max) of \(partition.labels) labels",
    ]
  }

  private func scores(_ course: ScoreSummary?, _ text: (Double) -> String) -> [String] {
    guard let course else { return [] }
    return [
      "best \(text(course.best))", "last \(text(course.last))",
      "mean of the last five \(text(course.meanOfLastFive))",
    ]
  }

  /// The last spread over the clients.
  private func fairness(_ text: (Double) -> String) -> [String] {
    guard let spread = summary.rounds.last(where: { $0.fairness != nil })?.fairness else {
      return []
    }
    return [
      "a tenth of the clients below \(text(spread.lowestTenth))",
      "the worst \(text(spread.minimum))",
    ]
  }

  private var final: [String] {
    let final = summary.final
    let reason = summary.untestedReason.map { ": \($0)" } ?? ""
    var parts = [final.accuracy.map { "accuracy \($0.percent(2))" } ?? "not evaluated\(reason)"]
    if let dice = final.dice { parts.append("Dice \(dice.fixed(4))") }
    if let loss = final.loss { parts.append("loss \(loss.fixed(4))") }
    if let digest = final.modelDigest { parts.append("model \(digest.short)") }
    return parts
  }

  // MARK: Lines

  private func list(_ name: String, _ items: [String]) -> [String] {
    guard !items.isEmpty else { return [] }
    var items = items
    items[0] = "\(style.strong(name)): \(items[0])"
    return wrapped(items, separator: ", ")
  }

  /// The parts one after the other, broken between parts where the width is used up, or else
  /// between words.
  private func wrapped(_ parts: [String], separator: String = " · ") -> [String] {
    var lines: [String] = []
    var line = ""
    func add(_ text: String, after separator: String) {
      if line.isEmpty {
        line = text
      } else if visible(line + separator + text) < width {
        line += separator + text
      } else {
        lines.append(separator.hasPrefix(",") ? line + "," : line)
        line = "  " + text
      }
    }
    for part in parts {
      if visible(part) + 3 <= width {
        add(part, after: separator)
      } else {
        for (index, word) in part.split(separator: " ").enumerated() {
          add(String(word), after: index == 0 ? separator : " ")
        }
      }
    }
    return lines + [line]
  }

  /// The columns that a line takes: escape sequences take none.
  private func visible(_ line: String) -> Int {
    line.replacing(#/\u{1B}\[\d+m/#, with: "").count
  }
}
