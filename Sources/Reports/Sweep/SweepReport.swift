import Foundation
package import Ledger
import Measures

/// The variants of a sweep side by side; the first one is what the others are held against.
package struct SweepReport: Sendable {
  /// The sweep's name.
  package let name: String
  /// The variants that have finished runs, in the order of the file.
  package let variants: [VariantSummary]

  /// A report on the finished `runs`, each under its variant's name.
  package init(_ name: String, runs: [(variant: String, summary: RunSummary)]) {
    self.name = name
    var order: [String] = []
    for run in runs where !order.contains(run.variant) { order.append(run.variant) }
    variants = order.map { variant in
      VariantSummary(variant, of: runs.filter { $0.variant == variant }.map(\.summary))
    }
  }

  /// How many times fewer bytes than the first variant's went over the wire, both ways together.
  func ratio(_ variant: VariantSummary) -> Double? {
    guard let first = variants.first, variant.down + variant.up > 0 else { return nil }
    return (first.down + first.up) / (variant.down + variant.up)
  }

  /// The table as text, at most `width` columns wide; colours only where they were asked for.
  package func text(width: Int = 80, colours: Bool = false) -> String {
    var table = TextTable([
      .init("run", alignsLeft: true), .init("seeds", rank: 4), .init("accu-", "racy"),
      .init("±", rank: 5), .init("down", "wire", rank: 3), .init("up", "wire", rank: 3),
      .init("bytes", "saved"), .init("FLOPs", rank: 2), .init("time", rank: 1),
    ])
    for variant in variants {
      table.add([
        variant.name, "\(variant.runs)", variant.accuracy?.percent(2) ?? "–",
        variant.spread.map { (100 * $0).fixed(2) } ?? "–", Self.bytes(variant.down),
        Self.bytes(variant.up), ratio(variant).map { "\($0.fixed($0 < 10 ? 2 : 1))×" } ?? "–",
        variant.flops.brief, Duration.seconds(variant.elapsed).brief,
      ])
    }
    let note = """

      Accuracy: mean of the last \(VariantSummary.evaluations) evaluations, then over the seeds; ±: standard \
      deviation over the seeds.
      Bytes saved: against \(variants.first?.name ?? "the first run"), both ways together.

      """
    let lines = table.lines(width: width, style: Style(isOn: colours))
    return lines.map { $0 + "\n" }.joined() + note
  }

  /// The table in Markdown, to be pasted into a page.
  package func markdown() -> String {
    var lines = [
      "| run | seeds | accuracy | bytes down | up | bytes saved | FLOPs |",
      "|---|---|---|---|---|---|---|",
    ]
    for variant in variants {
      let spread = variant.spread.map { " ± " + (100 * $0).fixed(2) } ?? ""
      let accuracy = variant.accuracy.map { (100 * $0).fixed(2) + spread + " %" } ?? "–"
      let ratio = ratio(variant).map { "\($0.fixed($0 < 10 ? 2 : 1))×" } ?? "–"
      lines.append(
        "| \(variant.name) | \(variant.runs) | \(accuracy) | \(Self.bytes(variant.down)) "
          + "| \(Self.bytes(variant.up)) | \(ratio) | \(variant.flops.brief) |")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The variants as one JSON object, keys sorted.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    struct Object: Encodable {
      var format = 1
      var name: String
      var variants: [VariantSummary]
    }
    let data = try encoder.encode(Object(name: name, variants: variants))
    return String(decoding: data, as: UTF8.self)
  }

  private static func bytes(_ mean: Double) -> String { ByteCount(Int(mean.rounded())).description }
}
