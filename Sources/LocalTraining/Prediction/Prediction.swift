package import Datasets
import Models
import Neural
package import OneDNN
package import Tensors
import Topology

/// The predictions of a model out of a file for a topology's test samples, or for clients' own.
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
    /// The scores on each client's own samples, in the order of the clients; nil where nobody's are
    /// told apart.
    package var clients: [Client]?
  }

  /// The scores on one client's samples.
  package struct Client: Hashable, Sendable, Codable {
    /// The client's number.
    package var client: Int
    /// The scores.
    package var scores: Scores
  }

  /// Samples to test with.
  package struct Samples: Sendable {
    /// The client whose own they are; nil where nobody's is said.
    let client: Int?
    /// The samples.
    let dataset: Dataset
  }

  private let workload: Workload
  /// The samples, normalized as the model's file says, or else as the topology does.
  private let samples: [Samples]
  private let stage: Int
  private let trainer: Trainer
  private let parameters: [ParameterVector]

  /// The predictions of the values that `workload` starts from, for the largest stage that is
  /// whole.
  ///
  /// - Parameters:
  ///   - workload: The data, and the values of the model.
  ///   - samples: The samples to test with; nil for the test samples of `workload`.
  ///   - path: The file that they are from, for people who are told that it lacks some.
  /// - Throws: `PredictionError` if there is no whole sub-model or nothing to test it with,
  ///   `DNNLError` if it can't be computed.
  package init(
    _ workload: Workload, on samples: [Samples]? = nil, from path: String? = nil
  ) throws {
    guard let start = workload.start, let stage = start.stage,
      let parameters = start.parameters(of: workload.network(stage: stage).layouts)
    else { throw PredictionError.noSubModel(path: path) }
    let samples = samples ?? [Samples(client: nil, dataset: workload.test)]
    guard samples.contains(where: { $0.dataset.count > 0 }) else {
      throw PredictionError.noSamples(dataset: workload.test.name)
    }
    self.workload = workload
    self.samples = samples.map {
      Samples(client: $0.client, dataset: start.normalized($0.dataset))
    }
    self.stage = stage
    self.parameters = parameters
    trainer = try Trainer(
      network: workload.network(stage: stage).network, batch: workload.topology.evaluation.batch)
  }

  /// The scores over all test samples, and over each client's where they are several clients'.
  package func scores() throws -> Scores {
    var all = Evaluation()
    var clients: [(client: Int, evaluation: Evaluation)] = []
    for part in samples where part.dataset.count > 0 {
      var batches = batches(0..<part.dataset.count, of: part.dataset)
      let evaluation = try trainer.evaluate(parameters, source: &batches)
      all.add(evaluation)
      guard let client = part.client else { continue }
      if clients.last?.client != client { clients.append((client, Evaluation())) }
      clients[clients.count - 1].evaluation.add(evaluation)
    }
    var scores = try scores(all)
    guard !clients.isEmpty else { return scores }
    scores.clients = try clients.map {
      Client(client: $0.client, scores: try self.scores($0.evaluation))
    }
    return scores
  }

  private func scores(_ evaluation: Evaluation) throws(PredictionError) -> Scores {
    guard let accuracy = evaluation.accuracy, let loss = evaluation.meanLoss else {
      throw .noSamples(dataset: workload.test.name)
    }
    let regions = workload.test.regions
    return Scores(
      stage: stage, samples: evaluation.samples, accuracy: accuracy, loss: loss,
      dice: evaluation.meanDice(of: regions),
      regions: regions.compactMap { region in
        evaluation.dice(of: region.classes).map { Region(name: region.name, dice: $0) }
      })
  }

  /// The number of test samples.
  private var count: Int { samples.reduce(0) { $0 + $1.dataset.count } }

  /// The data set of test sample `number`, and the sample's place in it.
  private func place(of number: Int) -> (dataset: Dataset, sample: Int) {
    var sample = number
    for part in samples {
      if sample < part.dataset.count { return (part.dataset, sample) }
      sample -= part.dataset.count
    }
    preconditionFailure("test sample \(number) of \(count)")
  }

  /// The inputs `[B, C, H, W]` and logits `[B, …]` of the first `count` test samples, to be
  /// compared with others'.
  package func tensors(_ count: Int) throws(DNNLError) -> SafeTensors {
    let network = trainer.network
    let mask = network.labelsPerSample > 1 ? Array(network.input.dimensions.dropFirst()) : []
    var (inputs, logits): ([Float], [Float]) = ([], [])
    var left = min(count, self.count)
    let count = left
    for part in samples where left > 0 && part.dataset.count > 0 {
      let taken = min(left, part.dataset.count)
      left -= taken
      var source = batches(0..<taken, of: part.dataset)
      var batch = Batch(
        capacity: taken, input: network.input, labelsPerSample: network.labelsPerSample)
      source.fill(&batch)
      inputs += batch.inputs
      var again = batches(0..<taken, of: part.dataset)
      logits += try trainer.predictions(parameters, source: &again)
    }
    return SafeTensors(
      tensors: [
        "inputs": Tensor(shape: Shape([count] + network.input.dimensions), scalars: inputs),
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
    let network = trainer.network
    guard workload.test.isSegmentation else {
      throw PredictionError.noMasks(dataset: workload.test.name)
    }
    let area = network.labelsPerSample
    let (count, all) = (min(count, self.count), self.count)
    return try (0..<count).map { number in
      let (dataset, sample) = place(of: (2 * number + 1) * all / (2 * count))
      var batch = Batch(capacity: 1, input: network.input, labelsPerSample: area)
      var source = batches(sample..<sample + 1, of: dataset)
      source.fill(&batch)
      source = batches(sample..<sample + 1, of: dataset)
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

  private func batches(_ samples: Range<Int>, of dataset: Dataset) -> SequentialBatches {
    SequentialBatches(
      dataset: dataset, samples: samples,
      augmentation: workload.topology.data.augmentation.forEvaluation)
  }
}

extension Prediction {
  /// Clients' own samples to test with, read from where `own` says.
  ///
  /// - Parameters:
  ///   - own: The clients' folders.
  ///   - includesTraining: True to test with the samples that clients train on, too, as in a
  ///     folder that nobody trained on.
  /// - Returns: The samples of each client; without its number where there is one folder alone.
  /// - Throws: `DatasetError` if a folder can't be read, `PredictionError` if nothing in any of
  ///   them is held out.
  package static func samples(of own: OwnData, includesTraining: Bool) throws -> [Samples] {
    let isOne = !own.paths.pattern.contains(ClientPaths.mark)
    var all: [Samples] = []
    for client in own.clients {
      guard let samples = try own[client]?.samples().get() else { continue }
      let choices = [samples.heldOut] + (includesTraining ? [samples.training] : [])
      for choice in choices where !choice.isEmpty {
        all.append(Samples(client: isOne ? nil : client, dataset: choice.dataset))
      }
    }
    guard !all.isEmpty else { throw PredictionError.nothingHeldOut(path: own.paths.pattern) }
    return all
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
  /// Nothing of the clients' own samples at the path is held out.
  case nothingHeldOut(path: String)
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
    case .nothingHeldOut(let path):
      "\(path): no sample is held out there, so that there is nothing to test with; put some in a folder test "
        + "beside train, or add --all to test with samples that may have been trained on"
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
