/// The scores of a model on samples that it isn't trained on.
public struct Evaluation: Hashable, Sendable {
  /// The samples seen.
  public var samples = 0
  /// The labels judged: one for each sample, or one for each pixel.
  public var labels = 0
  /// The labels whose class has the largest logit.
  public var correct = 0
  /// The sum of the samples' losses.
  public var lossSum = 0.0
  /// The number of pixels of each class that were taken for each class, a row for each true class.
  ///
  /// Empty where samples are labelled as a whole.
  public var confusion: [Int] = []
  /// The scores of each class; empty where pixels are labelled.
  public var classes: [ClassScore] = []

  /// The right answers among the samples of one class.
  public struct ClassScore: Hashable, Sendable {
    /// The samples of the class.
    public var samples = 0
    /// Those of them for which the class has the largest logit.
    public var correct = 0

    /// A score of so many samples.
    public init(samples: Int = 0, correct: Int = 0) {
      self.samples = samples
      self.correct = correct
    }

    /// The share of right answers; nil if there were no samples.
    public var accuracy: Double? { samples > 0 ? Double(correct) / Double(samples) : nil }
  }

  /// The share of right answers; nil if there were no samples.
  public var accuracy: Double? { labels > 0 ? Double(correct) / Double(labels) : nil }
  /// The mean loss; nil if there were no samples.
  public var meanLoss: Double? { samples > 0 ? lossSum / Double(samples) : nil }

  /// Nothing seen yet.
  public init() {}

  /// Adds what was seen of other samples.
  public mutating func add(_ other: Evaluation) {
    samples += other.samples
    labels += other.labels
    correct += other.correct
    lossSum += other.lossSum
    addClasses(of: other)
    guard !confusion.isEmpty else {
      confusion = other.confusion
      return
    }
    for (index, count) in other.confusion.enumerated() { confusion[index] += count }
  }

  private mutating func addClasses(of other: Evaluation) {
    guard !classes.isEmpty else {
      classes = other.classes
      return
    }
    for (index, score) in other.classes.enumerated() {
      classes[index].samples += score.samples
      classes[index].correct += score.correct
    }
  }

  /// Counts the samples with the given labels by their class; `logits` are row-major, `[B,
  /// classes]`.
  mutating func countClasses(of labels: ArraySlice<Int32>, logits: [Float]) {
    let count = logits.count / max(1, labels.count)
    if classes.isEmpty { classes = Array(repeating: ClassScore(), count: count) }
    for (row, label) in labels.enumerated() {
      // Of equal logits the first counts, as it does in ``correct``.
      var best = row * count
      for place in row * count..<(row + 1) * count where logits[place] > logits[best] {
        best = place
      }
      classes[Int(label)].samples += 1
      if best - row * count == Int(label) { classes[Int(label)].correct += 1 }
    }
  }

  /// The Dice coefficient of a region over all pixels seen; nil where samples are labelled as a
  /// whole.
  ///
  /// 2 |P ∩ Y| / (|P| + |Y|), P being what was taken for one of `classes` and Y what is of one of
  /// them; 1 if both are empty.
  public func dice(of classes: Set<Int>) -> Double? {
    guard !confusion.isEmpty else { return nil }
    let count = Int(Double(confusion.count).squareRoot())
    var (both, sum) = (0, 0)
    for truth in 0..<count {
      for guess in 0..<count {
        let (isTrue, isGuessed) = (classes.contains(truth), classes.contains(guess))
        let pixels = confusion[truth * count + guess]
        if isTrue, isGuessed { both += pixels }
        sum += (isTrue ? pixels : 0) + (isGuessed ? pixels : 0)
      }
    }
    return sum > 0 ? 2 * Double(both) / Double(sum) : 1
  }
}
