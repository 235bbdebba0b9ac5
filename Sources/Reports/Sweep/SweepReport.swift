import Foundation
package import Ledger
import Measures

/// The variants of a sweep side by side; the first one is what the others are held against.
package struct SweepReport: Sendable {
  /// The sweep's name.
  package let name: String
  /// The scores whose cost is compared: accuracies, or Dice coefficients where segmentation was
  /// learnt.
  package let targets: [Double]
  /// The variants that have finished runs, in the order of the file.
  package let variants: [VariantSummary]
  /// The finished runs in which no update counted, which are left out.
  package let fruitless: [String]

  /// A report on the finished `runs`, each under its variant's name, and on what it cost to reach
  /// `targets`.
  package init(
    _ name: String, runs: [(variant: String, summary: RunSummary)], fruitless: [String] = [],
    targets: [Double] = []
  ) {
    self.name = name
    self.fruitless = fruitless
    self.targets = targets
    var order: [String] = []
    for run in runs where !order.contains(run.variant) { order.append(run.variant) }
    variants = order.map { variant in
      VariantSummary(
        variant, of: runs.filter { $0.variant == variant }.map(\.summary), targets: targets)
    }
  }

  /// The factor by which fewer bytes went over the wire than the first variant's, both ways
  /// together.
  func bytesRatio(_ variant: VariantSummary) -> Double? {
    guard let first = variants.first, variant.down + variant.up > 0 else { return nil }
    return (first.down + first.up) / (variant.down + variant.up)
  }

  /// The factor by which training took fewer operations than the first variant's.
  func flopsRatio(_ variant: VariantSummary) -> Double? {
    guard let first = variants.first, variant.flops > 0 else { return nil }
    return first.flops / variant.flops
  }

  /// The name of the scores: "accuracy", "Dice", or "score" where there are both.
  var scoreName: String {
    let kinds = Set(variants.map(\.isSegmentation))
    return kinds == [true] ? "Dice" : kinds.contains(true) ? "score" : "accuracy"
  }

  var hasCollapses: Bool { variants.contains { $0.collapses + $0.passingCollapses > 0 } }

  /// The table as text, at most `width` columns wide; colours only where they were asked for.
  package func text(width: Int = 80, colours: Bool = false) -> String {
    let score: TextTable.Column =
      scoreName == "accuracy" ? .init("accu-", "racy") : .init(scoreName)
    var table = TextTable(
      [
        .init("run", alignsLeft: true), .init("seeds", rank: 6), score, .init("±", rank: 7),
        .init("best", rank: 4), .init("down", "wire", rank: 5), .init("up", "wire", rank: 5),
        .init("bytes", "saved"), .init("FLOPs", rank: 2), .init("FLOPs", "saved", rank: 3),
        .init("time", rank: 1),
      ] + (hasCollapses ? [.init("col-", "lapses")] : [])
        + targets.map { .init("bytes", "to \($0.percent(0))", rank: 8) })
    for variant in variants {
      table.add(
        [
          variant.name, "\(variant.runs)", variant.score.map { text($0, of: variant) } ?? "–",
          variant.spread.map { spread($0, of: variant) } ?? "–",
        ] + cells(of: variant))
    }
    let style = Style(isOn: colours)
    let lines = table.lines(width: width, style: style) + slopes(width: width, style: style)
    return lines.map { $0 + "\n" }.joined() + note
  }

  private var note: String {
    let name = scoreName
    let costs =
      targets.isEmpty
      ? "" : "\nBytes to a score: both ways, the mean over the seeds that reached it."
    let falls =
      hasCollapses
      ? "\nCollapses: runs at chance at the end; passing: others that were there after they had grown."
      : ""
    return """

      \(name.prefix(1).uppercased() + name.dropFirst()): mean of the last \(ScoreSummary.evaluations) evaluations, \
      then over the seeds; ±: standard deviation over the seeds.
      Saved: against \(variants.first?.name ?? "the first run"), bytes both ways together.\(costs)\(falls)
      \(omission)\(work)

      """
  }

  /// The runs that are left out since nothing was learnt in them; nothing if there are none.
  var omission: String {
    fruitless.isEmpty
      ? "" : "Left out, as no update counted in them: \(fruitless.joined(separator: ", ")).\n"
  }

  /// The runs, as "12 runs, 300 rounds, seeds 1 to 3; one after the other they took 1 h 4 m".
  package var work: String {
    let runs = variants.flatMap(\.seeds)
    let rounds = Set(runs.map(\.rounds)).sorted()
    let seeds = Set(runs.map(\.seed)).sorted()
    let count = runs.count == 1 ? "1 run" : "\(runs.count) runs"
    return
      "\(count), \(Self.span(rounds)) rounds, seed\(seeds.count == 1 ? "" : "s") \(Self.span(seeds)); "
      + "one after the other they took \(Duration.seconds(runs.reduce(0) { $0 + $1.wallClock }).brief)."
  }

  /// "7", "1 to 20", or "1, 5".
  private static func span<Number: BinaryInteger>(_ numbers: [Number]) -> String {
    guard let first = numbers.first, let last = numbers.last else { return "no" }
    let isClosed = last - first == Number(numbers.count - 1)
    return isClosed && numbers.count > 2
      ? "\(first) to \(last)" : numbers.map { "\($0)" }.joined(separator: ", ")
  }

  /// The slopes of gradients that are told: of which norm, on what, and where they stand.
  var slopes: [(norm: String, on: String, law: (Convergence) -> PowerLaw?)] {
    [
      ("lowest", "on rounds", \.lowest.rounds), ("lowest", "on bytes", \.lowest.bytes),
      ("mean", "on rounds", \.mean.rounds), ("mean", "on bytes", \.mean.bytes),
    ]
  }

  /// The variants whose gradients were taken, each with its ``slopes``.
  var slopeRows: [[String]] {
    variants.filter { $0.slope(\.lowest.rounds) != nil }.map { variant in
      [variant.name] + slopes.map { variant.slope($0.law)?.fixed(2) ?? "–" }
    }
  }

  /// The fall of the variants' gradients; nothing where none were taken.
  private func slopes(width: Int, style: Style) -> [String] {
    let rows = slopeRows
    guard !rows.isEmpty else { return [] }
    var table = TextTable(
      [.init("slopes of log ‖∇f‖²", alignsLeft: true)]
        + slopes.enumerated().map { .init($1.norm, $1.on, rank: 4 - $0) })
    for row in rows { table.add(row) }
    return [""] + table.lines(width: width, style: style)
  }

  /// The variants as one JSON object, keys sorted.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let rows = variants.map {
      Row(variant: $0, bytesSaved: bytesRatio($0), flopsSaved: flopsRatio($0))
    }
    let data = try encoder.encode(
      Object(name: name, targets: targets, variants: rows, fruitless: fruitless))
    return String(decoding: data, as: UTF8.self)
  }

  private struct Object: Encodable {
    var format = 1
    let name: String
    let targets: [Double]
    let variants: [Row]
    let fruitless: [String]
  }

  /// A variant with what it saved against the first one.
  private struct Row: Encodable {
    let variant: VariantSummary
    let bytesSaved: Double?
    let flopsSaved: Double?

    enum CodingKeys: String, CodingKey {
      case bytesSaved, flopsSaved
    }

    func encode(to encoder: any Encoder) throws {
      try variant.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(bytesSaved, forKey: .bytesSaved)
      try container.encode(flopsSaved, forKey: .flopsSaved)
    }
  }

  // MARK: Cells

  /// The cells of both tables for a variant, from its best score on.
  func cells(of variant: VariantSummary) -> [String] {
    [
      variant.best.map { text($0, of: variant) } ?? "–", Self.bytes(variant.down),
      Self.bytes(variant.up), Self.times(bytesRatio(variant)), variant.flops.brief,
      Self.times(flopsRatio(variant)), Duration.seconds(variant.elapsed).brief,
    ] + (hasCollapses ? [Self.collapses(variant)] : [])
      + variant.costs.map { Self.text($0, of: variant) }
  }

  private func text(_ score: Double, of variant: VariantSummary) -> String {
    variant.isSegmentation ? score.fixed(4) : score.percent(2)
  }

  func spread(_ spread: Double, of variant: VariantSummary) -> String {
    variant.isSegmentation ? spread.fixed(4) : (100 * spread).fixed(2)
  }

  /// "2", or "2 + 1 passing".
  private static func collapses(_ variant: VariantSummary) -> String {
    let passing = variant.passingCollapses
    return "\(variant.collapses)" + (passing > 0 ? " + \(passing) passing" : "")
  }

  private static func text(_ cost: VariantSummary.Cost, of variant: VariantSummary) -> String {
    guard let bytes = cost.bytes else { return "–" }
    let share = cost.reached < variant.runs ? " (\(cost.reached) of \(variant.runs))" : ""
    return Self.bytes(bytes) + share
  }

  private static func times(_ ratio: Double?) -> String {
    ratio.map { "\($0.fixed($0 < 10 ? 2 : 1))×" } ?? "–"
  }

  private static func bytes(_ mean: Double) -> String { ByteCount(Int(mean.rounded())).description }
}

extension SweepReport {
  /// The table in Markdown, to be pasted into a page; then what was run, and how gradients fell
  /// where they were taken.
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
