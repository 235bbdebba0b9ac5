/// Why there is nothing to predict or to show.
package enum PredictionError: Error, Hashable, Sendable {
  /// The file holds no stage's blocks and head.
  case noSubModel(path: String?)
  /// The data set's images are labelled as a whole.
  case noMasks(dataset: String)
  /// The data set has nothing to test with.
  case noSamples(dataset: String)
}

extension PredictionError: CustomStringConvertible {
  /// What is missing and what to do.
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
