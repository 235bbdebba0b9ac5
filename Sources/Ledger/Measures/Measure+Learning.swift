extension Measure {
  /// All measures, in the order in which reports tell them.
  public static let all = ofRounds + ofLearning + ofHoldOuts

  /// The measures that producers fill in and the ledger keeps.
  public static let kept = all.filter { $0.column != nil }

  /// The measures of the model and of its training.
  ///
  /// A new measure of a round is declared below and named here. Its column gets the next version of
  /// the schema, its places are the next free ones.
  private static let ofLearning: [Measure] =
    [accuracy, loss, dice] + spreadOverClients + [
      squaredGradientNorm, trainingLoss, learningRate, skippedSteps,
    ]

  /// The share of test samples (of pixels, for segmentation) that are classified rightly.
  public static let accuracy = Measure(
    name: "accuracy", unit: .share,
    source: .kept(Column(table: "round", name: "accuracy", since: 1)), isAlwaysInJSON: true,
    format: .percent(2), csv: CSVColumn(place: 19, head: "accuracy"),
    table: TableColumn(place: 13, head: "accuracy"), tag: "test/accuracy",
    prometheus: Prometheus(
      name: "progfed_accuracy", help: "The last accuracy that was measured.", kind: .gauge,
      reduction: .final), isLogged: true)

  /// The mean loss over the test samples.
  public static let loss = Measure(
    name: "loss", unit: .number, source: .kept(Column(table: "round", name: "loss", since: 1)),
    isAlwaysInJSON: true, format: .fixed(4), csv: CSVColumn(place: 20, head: "loss"),
    plot: Plot(
      caption: "loss", axis: "mean loss", line: "test samples, after the round", format: .brief,
      isCompanion: true), tag: "test/loss",
    prometheus: Prometheus(
      name: "progfed_loss", help: "The last loss that was measured.", kind: .gauge,
      reduction: .final), isLogged: true)

  /// The mean Dice coefficient over the foreground classes, for segmentation.
  public static let dice = Measure(
    name: "dice", unit: .share, source: .kept(Column(table: "round", name: "dice", since: 1)),
    format: .fixed(4), csv: CSVColumn(place: 21, head: "dice"), tag: "test/dice",
    prometheus: Prometheus(
      name: "progfed_dice", help: "The last mean Dice coefficient.", kind: .gauge,
      reduction: .final))

  /// The squared norm of the full model's gradient on some training samples.
  public static let squaredGradientNorm = Measure(
    name: "squaredGradientNorm", unit: .number,
    source: .kept(Column(table: "gradient", name: "squaredNorm", since: 3)), format: .scientific,
    csv: CSVColumn(place: 24, head: "squaredGradientNorm"), tag: "train/squaredGradientNorm",
    prometheus: Prometheus(
      name: "progfed_squared_gradient_norm", help: "Of the full model, on some training samples.",
      kind: .gauge, reduction: .lastKnown))

  /// The mean of the clients' own losses while they trained, by their samples.
  public static let trainingLoss = Measure(
    name: "trainingLoss", unit: .number,
    source: .kept(Column(table: "training", name: "loss", since: 4)), isAlwaysInJSON: true,
    format: .fixed(4), csv: CSVColumn(place: 30, head: "trainingLoss"),
    table: TableColumn(place: 12, head: "training loss"),
    plot: Plot(
      caption: "loss", axis: "mean loss", line: "clients, while they train", format: .brief,
      note: """
        The clients' loss is the mean over those whose updates count, weighted by their samples.
        """),
    text: Words(head: "Training", name: "loss", choice: .fall),
    comparison: Comparison(
      head: ["train", "loss"], rank: 1, title: "training loss", axis: "clients' mean loss",
      caption: "of the clients, while they train", format: .brief),
    tag: "train/loss",
    prometheus: Prometheus(
      name: "progfed_training_loss",
      help: "The clients' mean loss in the last round that trained.", kind: .gauge,
      reduction: .lastKnown), isLogged: true)

  /// The clients' learning rate.
  public static let learningRate = Measure(
    name: "learningRate", unit: .number,
    source: .kept(Column(table: "training", name: "learningRate", since: 4)),
    isAlwaysInJSON: true, format: .scientific, csv: CSVColumn(place: 29, head: "learningRate"),
    table: TableColumn(place: 11, head: "learning rate"),
    plot: Plot(
      caption: "learning rate", axis: "learning rate", line: "the clients' learning rate",
      format: .scientific,
      note: """
        What is new in the model may learn more slowly than the learning rate says, where the \
        topology has it enter gently.
        """),
    text: Words(head: "Training", name: "learning rate", choice: .change),
    tag: "train/learningRate",
    prometheus: Prometheus(
      name: "progfed_learning_rate", help: "The clients' learning rate in the last round.",
      kind: .gauge, reduction: .last), isLogged: true)

  /// The optimizer steps that clients skipped because their loss was no usable number; none for
  /// zero.
  public static let skippedSteps = Measure(
    name: "skippedSteps", unit: .count,
    source: .kept(Column(table: "training", name: "skippedSteps", since: 6)), format: .count,
    csv: CSVColumn(place: 31, head: "skippedSteps"),
    text: Words(head: "Training", name: "steps skipped", choice: .sum), tag: "train/skippedSteps",
    prometheus: Prometheus(
      name: "progfed_skipped_steps_total",
      help: "Optimizer steps that clients skipped because of their loss.", kind: .counter,
      reduction: .sum))

  /// Some values of the accuracy's spread over the clients.
  private static let spreadOverClients: [Measure] = [
    spread("min", csv: CSVColumn(place: 22, head: "clientAccuracyMin"), \.minimum),
    spread("percentile10", csv: CSVColumn(place: 23, head: "clientAccuracyPercentile10")) {
      $0.lowestTenth
    },
    spread("median", \.median), spread("max", \.maximum),
  ]

  private static func spread(
    _ part: String, csv: CSVColumn? = nil, _ value: @escaping @Sendable (Fairness) -> Double
  ) -> Measure {
    derived(
      "fairness.\(part)", .share, .percent(2), csv: csv,
      tag: csv == nil ? nil : "test/clients/\(part)",
      prometheus: Prometheus(
        name: "progfed_client_accuracy",
        help: "How the last accuracy, or Dice coefficient, is spread over the clients.",
        kind: .gauge, reduction: .lastKnown, label: .init(name: "part", value: part))
    ) { $0.fairness.map(value) }
  }
}
