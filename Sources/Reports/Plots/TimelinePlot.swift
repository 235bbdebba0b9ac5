import Ledger
import Measures

/// The rounds one after the other on the run's clock: a bar as high as the share of updates that counted.
struct TimelinePlot {
  let rounds: [RoundSummary]

  /// The picture and its legend.
  func markup() -> String {
    let total = rounds.map(\.elapsed.seconds).reduce(0, +)
    let x = Scale(
      covering: [0, total], kind: .time, isTight: true, pixels: (Frame.left, Frame.right))
    let y = Scale(covering: [0, 1], kind: .linear, pixels: (Frame.bottom, Frame.top))
    let xAxis = Axis("time on the run's clock", kind: .time) { Duration.seconds($0).brief }
    var parts = [Frame.axes(x, xAxis, y, Axis("updates that counted") { $0.percent(0) })]
    var start = 0.0
    for round in rounds {
      let end = start + round.elapsed.seconds
      let share = round.selected > 0 ? Double(round.accepted) / Double(round.selected) : 0
      let warmUp = round.warmUp ? ", warm-up" : ""
      let title =
        "round \(round.round), stage \(round.stage)\(warmUp): \(round.accepted) of "
        + "\(round.selected) accepted, \(round.late) late, \(round.lost) lost, "
        + "\(round.refused) refused; \(round.elapsed.brief)"
      parts.append(
        Frame.box(
          x: x.position(start)...max(x.position(end), x.position(start)),
          y: y.position(share)...Frame.bottom,
          "round s\((round.stage - 1) % 8 + 1)\(round.warmUp ? " warm" : "")", title: title))
      start = end
    }
    let stages = Set(rounds.map(\.stage)).sorted().map {
      (name: "stage \($0)", kind: "s\(($0 - 1) % 8 + 1)")
    }
    return Frame.legend(stages) + Frame.picture("The rounds on the run's clock", parts.joined())
  }
}
