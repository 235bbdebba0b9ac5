public import Measures
public import OneDNN
public import Tensors

extension Trainer {
  /// Trains `trainable` segments of `parameters` on all batches of `source`, momentum starting at
  /// 0.
  ///
  /// A batch whose loss or gradient isn't finite ends the training before it changes anything; one
  /// whose loss is above the limit is skipped. Nothing below the first trained segment is run
  /// backward, and other segments stay as they are; their dropout layers do drop. Where several
  /// heads supervise, the loss is the mean of theirs; the right answers are the last one's.
  ///
  /// - Parameters:
  ///   - parameters: The values of each segment, in the network's order; changed in place.
  ///   - trainable: The segments to train; nil for all.
  ///   - source: The batches of all epochs, each filled up to the trainer's batch size.
  ///   - settings: The settings of a step.
  ///   - random: The client's own stream; only dropout draws from it.
  ///   - correction: The sum to each clipped gradient, as in SCAFFOLD (c − c_i); nil for none.
  /// - Returns: The outcome.
  /// - Throws: `DNNLError` if oneDNN fails.
  public func train(
    _ parameters: inout [ParameterVector], trainable: Set<Int>? = nil,
    source: inout some BatchSource, settings: TrainingSettings, random: RandomStream,
    correction: [ParameterVector]? = nil
  ) throws(DNNLError) -> TrainingOutcome {
    Library.useOneThread()
    let trainable = trainable ?? Set(network.layouts.indices)
    precondition(
      !trainable.isEmpty && trainable.allSatisfy(network.layouts.indices.contains),
      "segments \(trainable.sorted()) of \(network.layouts.count)")
    precondition(
      [0, network.layouts.count].contains(settings.rateFactors.count),
      "\(settings.rateFactors.count) factors for \(network.layouts.count) segments")
    var correctionStorage: Storage?
    if let correction {
      // By way of the values, which have the reorders to the right layouts.
      try store.load(correction, on: stream)
      correctionStorage = store.copyOfWeights()
    }
    try store.load(parameters, on: stream)
    var optimizer = Optimizer(
      settings, store: store, trainable: trainable, correction: correctionStorage)
    var outcome = TrainingOutcome()
    try forEachBatch(of: &source, capacity: batch) { batch throws(DNNLError) in
      let plan = try plan(batch: batch.count, trainable: trainable)
      let step = Step(
        stream: stream, dropout: settings.drops ? random : nil, firstSample: outcome.samples)
      try plan.runForward(batch.inputs, step)
      let score = plan.score(batch.labels)
      outcome.samples += batch.count
      let loss = score.lossSum / Double(batch.count)
      let number = outcome.steps + outcome.skippedSteps + 1
      guard loss.isFinite else {
        outcome.divergedAt = number
        return false
      }
      guard loss <= settings.lossLimit else {
        outcome.skippedSteps += 1
        return true
      }
      try plan.runBackward(step)
      guard optimizer.step() else {
        outcome.divergedAt = number
        return false
      }
      outcome.steps += 1
      outcome.learnedSamples += batch.count
      outcome.lossSum += score.lossSum
      outcome.correct += score.correct
      return true
    }
    // Of a short training taking the memory anew would be a part that shows.
    let rests = outcome.steps >= Self.leastStepsBeforeRest
    if rests { store.rest() }
    try store.store(segments: trainable, to: &parameters, on: stream)
    if rests { store.rest() }
    return outcome
  }

  /// The fewest steps after which the memory of gradients and momenta is given back.
  private static var leastStepsBeforeRest: Int { 8 }
}
