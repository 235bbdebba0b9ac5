extension Measure {
  /// The measures of evaluations by clients, on samples that they hold out.
  static let ofHoldOuts = [
    heldOutAccuracy, heldOutLoss, heldOutDice, evaluators, heldOutSamples, isByClients,
  ]

  private static func column(_ name: String) -> Source {
    .kept(Column(table: "heldOut", name: name, since: 7))
  }

  /// The share of the samples (of pixels, for segmentation) that clients hold out and the model
  /// classifies rightly.
  public static let heldOutAccuracy = Measure(
    name: "heldOutAccuracy", unit: .share, source: column("accuracy"), format: .percent(2),
    csv: CSVColumn(place: 32, head: "heldOutAccuracy"),
    table: TableColumn(place: 14, head: "held out"), tag: "heldOut/accuracy",
    prometheus: Prometheus(
      name: "progfed_held_out_accuracy", help: "The last accuracy on what clients hold out.",
      kind: .gauge, reduction: .lastKnown))

  /// The mean loss over the samples that clients hold out.
  public static let heldOutLoss = Measure(
    name: "heldOutLoss", unit: .number, source: column("loss"), format: .fixed(4),
    csv: CSVColumn(place: 33, head: "heldOutLoss"),
    plot: Plot(
      caption: "loss", axis: "mean loss", line: "clients' hold-outs, after the round",
      format: .brief, isCompanion: true), tag: "heldOut/loss",
    prometheus: Prometheus(
      name: "progfed_held_out_loss", help: "The last loss on what clients hold out.",
      kind: .gauge, reduction: .lastKnown))

  /// The mean Dice coefficient over what clients hold out, for segmentation.
  public static let heldOutDice = Measure(
    name: "heldOutDice", unit: .share, source: column("dice"), format: .fixed(4),
    csv: CSVColumn(place: 34, head: "heldOutDice"), tag: "heldOut/dice",
    prometheus: Prometheus(
      name: "progfed_held_out_dice",
      help: "The last mean Dice coefficient on what clients hold out.", kind: .gauge,
      reduction: .lastKnown))

  /// The number of clients whose scores were added up.
  public static let evaluators = Measure(
    name: "evaluators", unit: .count, source: column("clients"), format: .count,
    csv: CSVColumn(place: 35, head: "evaluators"), tag: "heldOut/clients",
    prometheus: Prometheus(
      name: "progfed_evaluators", help: "The clients whose scores made the last evaluation.",
      kind: .gauge, reduction: .lastKnown))

  /// The number of samples of all these clients together.
  public static let heldOutSamples = Measure(
    name: "heldOutSamples", unit: .count, source: column("samples"), format: .count,
    csv: CSVColumn(place: 36, head: "heldOutSamples"), tag: "heldOut/samples")

  /// 1 where a round's accuracy, loss and Dice coefficient are those of clients, as the broker has
  /// no test samples; none elsewhere.
  public static let isByClients = Measure(
    name: "evaluatedByClients", unit: .count, source: column("isMain"), format: .count,
    csv: CSVColumn(place: 37, head: "evaluatedByClients"))
}
