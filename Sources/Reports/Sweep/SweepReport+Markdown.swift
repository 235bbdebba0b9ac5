import Measures

extension SweepReport {
  /// The table in Markdown, to be pasted into a page; then what was run, and how gradients fell where they were taken.
  package func markdown() -> String {
    let heads =
      [
        "run", "seeds", scoreName, "best", "bytes down", "up", "bytes saved", "FLOPs",
        "FLOPs saved", "time",
      ] + (hasCollapses ? ["collapses"] : []) + targets.map { "bytes to \($0.percent(0))" }
    var rows: [[String]] = []
    for variant in variants {
      let spread = variant.spread.map { " ± " + self.spread($0, of: variant) } ?? ""
      let score = variant.score.map { score in
        variant.isSegmentation
          ? score.fixed(4) + spread : (100 * score).fixed(2) + spread + " %"
      }
      rows.append([variant.name, "\(variant.runs)", score ?? "–"] + cells(of: variant))
    }
    var text = Self.table(heads, rows) + "\n\(omission)\(work)\n"
    if !slopeRows.isEmpty {
      let heads = ["slopes of log ‖∇f‖²"] + slopes.map { "\($0.norm) \($0.on)" }
      text += "\n" + Self.table(heads, slopeRows)
    }
    return text
  }

  private static func table(_ heads: [String], _ rows: [[String]]) -> String {
    let lines =
      [
        "| \(heads.joined(separator: " | ")) |",
        String(repeating: "|---", count: heads.count) + "|",
      ]
      + rows.map { "| \($0.joined(separator: " | ")) |" }
    return lines.map { $0 + "\n" }.joined()
  }
}
