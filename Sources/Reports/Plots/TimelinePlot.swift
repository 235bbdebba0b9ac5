import Ledger
import Measures

/// The rounds one after the other on the run's clock, with the waiting between them: how many
/// clients were asked, and what became of each.
struct TimelinePlot {
  let rounds: [RoundSummary]

  /// The outcomes of selected clients, from the bottom of each bar on, with their colours.
  private static func outcomes(
    of round: RoundSummary?
  ) -> [(name: String, count: Int, kind: String)] {
    [
      ("accepted", round?.accepted ?? 0, "s3"), ("late", round?.late ?? 0, "s5"),
      ("lost", round?.lost ?? 0, "s2"), ("refused", round?.refused ?? 0, "s4"),
    ]
  }

  /// The picture and its legend.
  func markup() -> String {
    let clock = rounds.last?.closed.seconds ?? 0
    // Rounds that took no time have a place all the same.
    let spans = rounds.enumerated().map { index, round in
      clock > 0
        ? (from: round.opened.seconds, to: round.closed.seconds)
        : (from: Double(index), to: Double(index + 1))
    }
    let x = Scale(
      covering: [0, spans.last?.to ?? 1], kind: clock > 0 ? .time : .linear, isTight: true,
      pixels: (Frame.left, Frame.right))
    let y = Scale(
      covering: rounds.map { Double(max(1, $0.selected)) }, kind: .linear, fromZero: true,
      pixels: (Frame.bottom, Frame.top))
    let xAxis =
      clock > 0
      ? Axis("time on the run's clock", kind: .time) { Duration.seconds($0).brief }
      : Axis("round") { $0.fixed(0) }
    var parts = [Frame.axes(x, xAxis, y, Axis("selected clients", countsThings: true))]
    var stage: Int?
    var lastName = -Double.infinity
    for (round, span) in zip(rounds, spans) {
      let start = x.position(span.from)
      // Also a round that was short beside the waiting can be seen.
      let place = start...max(x.position(span.to), start + 2.5)
      parts += bar(round, place, y)
      if stage != round.stage {
        // Names that would stand on each other are left to the line alone.
        let hasRoom = place.lowerBound - lastName > 46
        parts.append(Frame.border(place.lowerBound, hasRoom ? "stage \(round.stage)" : ""))
        if hasRoom { lastName = place.lowerBound }
        stage = round.stage
      }
    }
    let names = Self.outcomes(of: nil).map { (name: $0.name, kind: $0.kind) }
    return Frame.legend(names) + Frame.picture("The rounds on the run's clock", parts.joined())
  }

  private func bar(
    _ round: RoundSummary, _ place: ClosedRange<Double>, _ y: Scale
  ) -> [String] {
    let warmUp = round.warmUp ? ", warm-up" : ""
    let title =
      "round \(round.round), stage \(round.stage)\(warmUp): \(round.accepted) of "
      + "\(round.selected) accepted, \(round.late) late, \(round.lost) lost, "
      + "\(round.refused) refused; \(round.elapsed.brief)"
    var base = 0.0
    return Self.outcomes(of: round).compactMap { outcome in
      let count = Double(outcome.count)
      guard count > 0 else { return nil }
      defer { base += count }
      return Frame.box(
        x: place, y: y.position(base + count)...y.position(base),
        "round \(outcome.kind)\(round.warmUp ? " warm" : "")", title: title)
    }
  }
}
