import Measures

extension SweepReport {
  /// The table in Markdown, to be pasted into a page; then what was run, and how gradients fell where they were taken.
  package func markdown() -> String {
    let heads =
      [
        "run", "seeds", scoreName, "best", "bytes down", "up", "bytes saved", "FLOPs",
        "FLOPs saved", "time",
      ] + (hasCollapses ? ["collapses"] : []) + targets.map { "bytes to \($0.percent(0))" }
    var rows = [heads, Array(repeating: "---", count: heads.count)]
    for variant in variants {
      let spread = variant.spread.map { " ± " + self.spread($0, of: variant) } ?? ""
      let score = variant.score.map { score in
        variant.isSegmentation
          ? score.fixed(4) + spread : (100 * score).fixed(2) + spread + " %"
      }
      rows.append(
        [
          variant.name, "\(variant.runs)", score ?? "–",
          variant.best.map { text($0, of: variant) } ?? "–", Self.bytes(variant.down),
          Self.bytes(variant.up), Self.times(bytesRatio(variant)), variant.flops.brief,
          Self.times(flopsRatio(variant)), Duration.seconds(variant.elapsed).brief,
        ] + (hasCollapses ? ["\(variant.collapses)"] : [])
          + variant.costs.map {
            Self.text($0, of: variant)
          })
    }
    var slopes = self.slopes()
    if let heads = slopes.first {
      slopes.insert(Array(repeating: "---", count: heads.count), at: 1)
    }
    return Self.table(rows) + "\n\(work)\n" + (slopes.isEmpty ? "" : "\n" + Self.table(slopes))
  }

  /// The rows, of which the second divides heads and cells.
  private static func table(_ rows: [[String]]) -> String {
    rows.enumerated().map { index, cells in
      index == 1 ? "|\(cells.joined(separator: "|"))|\n" : "| \(cells.joined(separator: " | ")) |\n"
    }.joined()
  }
}
