import Ledger
import Measures

/// A run's main figures, each in a tile at the top of its page.
struct HTMLTiles {
  /// The run.
  let summary: RunSummary

  /// The row of tiles; those whose figure the run doesn't have are left out.
  func markup() -> String {
    let traffic = summary.totals.traffic
    let final = summary.final
    var tiles: [(figure: Figure, text: String, name: String)] = []
    if let accuracy = final.accuracy {
      tiles.append((Figure("final.accuracy", accuracy), accuracy.percent(2), "accuracy"))
    }
    if let course = final.accuracies, final.dice == nil {
      tiles.append(
        (
          Figure("final.meanOfLastFive", course.meanOfLastFive), course.meanOfLastFive.percent(2),
          "accuracy, mean of the last five"
        ))
    }
    if let dice = final.dice {
      tiles.append((Figure("final.dice", dice), dice.fixed(3), "Dice, foreground"))
    }
    if let number = final.bestRound,
      let index = summary.rounds.firstIndex(where: { $0.round == number }),
      let score = summary.rounds[index].dice ?? summary.rounds[index].accuracy
    {
      let isDice = summary.rounds[index].dice != nil
      tiles.append(
        (
          Figure("rounds.\(index).\(isDice ? "dice" : "accuracy")", score),
          isDice ? score.fixed(3) : score.percent(2),
          "the best, after round \(number): model-best.safetensors"
        ))
    }
    if let loss = final.loss {
      tiles.append((Figure("final.loss", loss), loss.fixed(3), "loss"))
    }
    tiles += [
      (
        Figure("totals.down.wire", traffic.down.wire.bytes), traffic.down.wire.description,
        "down, on the wire"
      ),
      (
        Figure("totals.up.wire", traffic.up.wire.bytes), traffic.up.wire.description,
        "up, on the wire"
      ),
    ]
    if let savings = summary.savings {
      tiles.append(
        (Figure("savings", savings), "\(savings.fixed(2))×", "fewer bytes than the full model"))
    }
    if let savings = summary.reduction.flops {
      tiles.append(
        (Figure("flopsSavings", savings), "\(savings.fixed(2))×", "fewer FLOPs than the full model")
      )
    }
    if let wall = summary.wallClock {
      tiles.append((Figure("wallClock", wall.seconds), wall.brief, "on the wall's clock"))
    }
    let written = tiles.map { figure, text, name in
      let value = Markup.element("b", [:], figure.markup(Markup.escaped(text)))
      return Markup.element(
        "div", ["class": "tile"], value + Markup.element("span", [:], Markup.escaped(name)))
    }
    return Markup.element("div", ["class": "tiles"], written.joined())
  }
}
