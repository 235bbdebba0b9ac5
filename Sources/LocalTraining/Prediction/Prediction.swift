package import Datasets
import Models
import Neural
package import OneDNN
package import Tensors
import Topology

/// The predictions of a model out of a file for a topology's test samples.
package struct Prediction {
  /// The Dice coefficient of one region.
  package struct Region: Hashable, Sendable, Codable {
    /// The region's name.
    package var name: String
    /// Its Dice coefficient over all test pixels.
    package var dice: Double
  }

  /// The scores over all test samples.
  package struct Scores: Hashable, Sendable, Codable {
    /// The stage whose sub-model the file holds.
    package var stage: Int
    /// The test samples.
    package var samples: Int
    /// The share of right answers.
    package var accuracy: Double
    /// The mean loss.
    package var loss: Double
    /// The mean Dice coefficient; nil unless pixels are labelled.
    package var dice: Double?
    /// Each region's Dice coefficient; nothing unless pixels are labelled.
    package var regions: [Region]
  }

  private let workload: Workload
  private let stage: Int
  private let trainer: Trainer
  private let parameters: [ParameterVector]

  /// The predictions of the values that `workload` starts from, for the largest stage that is
  /// whole.
  ///
  /// - Parameters:
  ///   - workload: The data, and the values of the model.
  ///   - path: The file that they are from, for people who are told that it lacks some.
  /// - Throws: `PredictionError` if there is no whole sub-model or nothing to test it with,
  ///   `DNNLError` if it can't be computed.
  package init(_ workload: Workload, from path: String? = nil) throws {
    guard let start = workload.start, let stage = start.stage,
      let parameters = start.parameters(of: workload.network(stage: stage).layouts)
    else { throw PredictionError.noSubModel(path: path) }
    guard workload.test.count > 0 else {
      throw PredictionError.noSamples(dataset: workload.test.name)
    }
    self.workload = workload
    self.stage = stage
    self.parameters = parameters
    trainer = try Trainer(
      network: workload.network(stage: stage).network, batch: workload.topology.evaluation.batch)
  }

  /// The scores over all test samples.
  package func scores() throws -> Scores {
    let test = workload.test
    var batches = batches(0..<test.count)
    let evaluation = try trainer.evaluate(parameters, source: &batches)
    guard let accuracy = evaluation.accuracy, let loss = evaluation.meanLoss else {
      throw PredictionError.noSamples(dataset: test.name)
    }
    return Scores(
      stage: stage, samples: evaluation.samples, accuracy: accuracy, loss: loss,
      dice: evaluation.meanDice(of: test.regions),
      regions: test.regions.compactMap { region in
        evaluation.dice(of: region.classes).map { Region(name: region.name, dice: $0) }
      })
  }

  /// The inputs `[B, C, H, W]` and logits `[B, …]` of the first `count` test samples, to be
  /// compared with others'.
  package func tensors(_ count: Int) throws(DNNLError) -> SafeTensors {
    let network = trainer.network
    let count = min(count, workload.test.count)
    var (source, batch) = (batches(0..<count), Batch(capacity: count, input: network.input))
    if network.labelsPerSample > 1 {
      batch = Batch(
        capacity: count, input: network.input, labelsPerSample: network.labelsPerSample)
    }
    source.fill(&batch)
    var again = batches(0..<count)
    let logits = try trainer.predictions(parameters, source: &again)
    let mask = network.labelsPerSample > 1 ? Array(network.input.dimensions.dropFirst()) : []
    return SafeTensors(
      tensors: [
        "inputs": Tensor(shape: Shape([count] + network.input.dimensions), scalars: batch.inputs),
        "logits": Tensor(shape: Shape([count, network.classes] + mask), scalars: logits),
      ])
  }

  /// A test sample's first channel, from its darkest to its brightest pixel, its classes and those
  /// predicted.
  package struct Mask: Hashable, Sendable {
    /// The intensities, in [0, 1].
    package var image: [Float]
    /// The right class of each pixel.
    package var truth: [Int]
    /// The class of the largest logit of each pixel.
    package var guess: [Int]
  }

  /// The number of columns of a mask.
  package var columns: Int { trainer.network.input.dimensions[2] }

  /// The masks of `count` test samples, spread evenly over all of them.
  ///
  /// - Throws: `PredictionError` if images are labelled as a whole, `DNNLError`.
  package func masks(_ count: Int) throws -> [Mask] {
    let (test, network) = (workload.test, trainer.network)
    guard test.isSegmentation else { throw PredictionError.noMasks(dataset: test.name) }
    let area = network.labelsPerSample
    let count = min(count, test.count)
    return try (0..<count).map { number in
      let sample = (2 * number + 1) * test.count / (2 * count)
      var batch = Batch(capacity: 1, input: network.input, labelsPerSample: area)
      var source = batches(sample..<sample + 1)
      source.fill(&batch)
      source = batches(sample..<sample + 1)
      let logits = try trainer.predictions(parameters, source: &source)
      let guess = (0..<area).map { pixel in
        (0..<network.classes).max { logits[$0 * area + pixel] < logits[$1 * area + pixel] } ?? 0
      }
      let channel = batch.inputs.prefix(area)
      let (low, high) = (channel.min() ?? 0, channel.max() ?? 1)
      return Mask(
        image: channel.map { ($0 - low) / max(high - low, .leastNormalMagnitude) },
        truth: batch.labels.map(Int.init), guess: guess)
    }
  }

  private func batches(_ samples: Range<Int>) -> SequentialBatches {
    SequentialBatches(
      dataset: workload.test, samples: samples,
      augmentation: workload.topology.data.augmentation.forEvaluation)
  }
}

/// A reason for which there is nothing to predict or to show.
package enum PredictionError: Error, Hashable, Sendable {
  /// The file holds no stage's blocks and head.
  case noSubModel(path: String?)
  /// The data set's images are labelled as a whole.
  case noMasks(dataset: String)
  /// The data set has nothing to test with.
  case noSamples(dataset: String)
}

extension PredictionError: CustomStringConvertible {
  /// The missing part, and what to do.
  package var description: String {
    switch self {
    case .noSubModel(let path):
      "\(path ?? "the file") holds no whole sub-model; give one with the blocks of a stage and its head, "
        + "as a run's model.safetensors"
    case .noMasks(let dataset):
      "\(dataset) labels images, not pixels, so that there are no masks to draw; leave --out away"
    case .noSamples(let dataset):
      "\(dataset) has no test samples, so that there is nothing to predict; "
        + "give the files of its test split in data.path"
    }
  }
}

extension Evaluation {
  /// The mean Dice coefficient over `regions`; nil where samples are labelled as a whole.
  package func meanDice(of regions: [LabelRegion]) -> Double? {
    let coefficients = regions.compactMap { dice(of: $0.classes) }
    guard !coefficients.isEmpty else { return nil }
    return coefficients.reduce(0, +) / Double(coefficients.count)
  }
}
