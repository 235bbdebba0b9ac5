public import OneDNN
public import Tensors

extension Trainer {
  /// The scores of `parameters` on all samples of `source`; dropout layers don't drop.
  ///
  /// - Parameters:
  ///   - parameters: The values of each segment, in the network's order.
  ///   - source: The samples.
  ///   - batch: The number of samples to compute at once; nil for the trainer's batch size.
  /// - Returns: Counts and sums over the samples.
  /// - Throws: `DNNLError` if oneDNN fails.
  public func evaluate(
    _ parameters: [ParameterVector], source: inout some BatchSource, batch: Int? = nil
  ) throws(DNNLError) -> Evaluation {
    Library.useOneThread()
    try store.load(parameters, on: stream)
    var evaluation = Evaluation()
    try forEachBatch(of: &source, capacity: batch ?? self.batch) { batch throws(DNNLError) in
      let plan = try plan(batch: batch.count, trainable: [])
      try plan.runForward(batch.inputs, Step(stream: stream, dropout: nil, firstSample: 0))
      var score = plan.score(batch.labels)
      if network.labelsPerSample == 1 {
        score.countClasses(of: batch.labels.prefix(batch.count), logits: plan.predictions)
      }
      evaluation.add(score)
      return true
    }
    return evaluation
  }

  /// The gradient of the mean loss over all samples of `source`, and the mean loss.
  ///
  /// Dropout layers don't drop. Where several heads supervise, the loss is the mean of theirs, as
  /// in a training.
  ///
  /// - Parameters:
  ///   - parameters: The values of each segment, in the network's order.
  ///   - source: The samples.
  /// - Returns: One vector for each segment.
  /// - Throws: `DNNLError` if oneDNN fails.
  public func gradient(
    _ parameters: [ParameterVector], source: inout some BatchSource
  ) throws(DNNLError) -> (gradient: [ParameterVector], meanLoss: Double) {
    Library.useOneThread()
    try store.load(parameters, on: stream)
    let all = Set(network.layouts.indices)
    var sums = network.layouts.map { [Double](repeating: 0, count: $0.count) }
    var vectors = parameters
    var (samples, lossSum) = (0, 0.0)
    try forEachBatch(of: &source, capacity: batch) { batch throws(DNNLError) in
      let plan = try plan(batch: batch.count, trainable: all)
      let step = Step(stream: stream, dropout: nil, firstSample: 0)
      try plan.runForward(batch.inputs, step)
      lossSum += plan.score(batch.labels).lossSum
      samples += batch.count
      try plan.runBackward(step)
      try store.storeGradients(segments: all, to: &vectors, on: stream)
      for segment in all {
        for (index, scalar) in vectors[segment].scalars.enumerated() {
          sums[segment][index] += Double(scalar) * Double(batch.count)
        }
      }
      return true
    }
    let share = samples > 0 ? 1 / Double(samples) : 0
    for segment in all { vectors[segment].scalars = sums[segment].map { Float($0 * share) } }
    return (vectors, lossSum * share)
  }

  /// The logits of all samples of `source`, row-major `[B, classes]`; dropout layers don't drop.
  package func predictions(
    _ parameters: [ParameterVector], source: inout some BatchSource
  ) throws(DNNLError) -> [Float] {
    Library.useOneThread()
    try store.load(parameters, on: stream)
    var logits: [Float] = []
    try forEachBatch(of: &source, capacity: batch) { batch throws(DNNLError) in
      let plan = try plan(batch: batch.count, trainable: [])
      try plan.runForward(batch.inputs, Step(stream: stream, dropout: nil, firstSample: 0))
      logits += plan.predictions
      return true
    }
    return logits
  }
}
