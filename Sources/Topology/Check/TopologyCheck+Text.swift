import Measures

extension TopologyCheck {
  /// A table for people: a line for each stage, then the totals against the full model.
  package func text() -> String {
    var rows = [
      [
        "stage", "rounds", "warm-up", "parameters", "memory", "model", "update", "down",
        "up", "of full model",
      ]
    ]
    for stage in stages {
      let full = 2.0 * Double(fullModel.bytes) * Double(stage.rounds) / Double(max(1, rounds))
      rows.append([
        "\(stage.stage)", "\(stage.rounds)", "\(stage.warmUpRounds)",
        Self.grouped(stage.parameters), "\(stage.memory)", "\(stage.modelSize)",
        "\(stage.updateSize)", "\(stage.down)", "\(stage.up)",
        Self.percent((stage.down + stage.up).bytes, of: full),
      ])
    }
    if let evaluation {
      rows.append([
        "tests", "", "", "", "", "", "", "\(evaluation.down)", "",
        Self.percent(evaluation.down.bytes, of: 2.0 * Double(fullModel.bytes)),
      ])
    }
    rows.append([
      "all", "\(rounds)", "\(stages.reduce(0) { $0 + $1.warmUpRounds })", "", "", "", "", "\(down)",
      "\(up)", Self.percent((down + up).bytes, of: 2.0 * Double(fullModel.bytes)),
    ])
    let sizes = isExact ? "" : "; sizes depend on the values sent and are what is to be expected"
    return """
      \(name): \(model) in \(stages.count) stages, \(rounds) rounds with \(clientsPerRound) of \
      \(clients) clients\([samples, roundEnd].compactMap(\.self).map { "\n\($0)" }.joined())

      \(Self.table(rows))

      \(partsText)\(depthText)full model in 32-bit floats: \(fullModel) down, \(fullModel) up
      \(saving.fixed(1)) times fewer bytes, \((100 * computation).fixed(1)) % of the computation
      \(evaluation.map { "\n\($0.lines.joined(separator: "\n"))\n" } ?? "")
      Bytes are those of models and updates for all clients\(sizes);
      envelopes, framing, announcements and repairs come on top. Memory is that of one client at the
      peak of its training: a batch's values, and four copies of the parameters.
      \(warnings.map { "\nwarning: \($0)\n" }.joined())
      """
  }

  /// The turns of the full model's parts, a line with one after it; nothing where there are none.
  private var partsText: String {
    parts.map { "rounds of the full model, by turns: \($0)\n\n" } ?? ""
  }

  /// The expected depths of the groups, a line with one after it; nothing where all train the same.
  private var depthText: String {
    guard let depths, let roundSeconds else { return "" }
    return
      "depths in rounds of the full model, of about \(roundSeconds.fixed(1)) s by the links and devices: "
      + depths.map(\.text).joined(separator: "; ") + "\n\n"
  }

  /// The rows with each column as wide as its widest cell, aligned at the right.
  private static func table(_ rows: [[String]]) -> String {
    let columns = rows.first?.indices ?? 0..<0
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { cell, width in
        String(repeating: " ", count: width - cell.count) + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// The digits in groups of three: "1,199,882".
  private static func grouped(_ value: Int) -> String {
    var text = ""
    for (index, digit) in "\(value)".reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }

  private static func percent(_ part: Int, of whole: Double) -> String {
    whole > 0 ? "\((100 * Double(part) / whole).fixed(1)) %" : "–"
  }
}
