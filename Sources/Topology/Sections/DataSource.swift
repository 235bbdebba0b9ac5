package import Datasets
import Foundation
import Measures
package import Tensors

/// The place that a run's samples come from.
package enum DataSource: Sendable {
  /// A known data set, dealt out to the clients.
  case collection(NamedCollection)
  /// Somebody's own samples in a folder or file of this machine, dealt out to the clients; the
  /// format leaves nothing open. Nil where a plan leaves the path to each side.
  case here(path: String?, SampleFormat)
  /// Samples that clients have and keep; nobody else reads them.
  case clients(SampleFormat)
  /// Samples that the clients' trainer programs have, and keep.
  case trainer

  /// The folder or file; nil where none is said.
  package var path: String? {
    switch self {
    case .collection(let collection): collection.path
    case .here(let path, _): path
    case .clients, .trainer: nil
    }
  }

  /// The same samples, as they lie at `path`; those of clients have no path here.
  package func at(_ path: String) -> DataSource {
    switch self {
    case .collection(var collection):
      collection.path = path
      return .collection(collection)
    case .here(_, let format): return .here(path: path, format)
    case .clients, .trainer: return self
    }
  }

  /// The format of somebody's own samples; nil for a known data set.
  package var format: SampleFormat? {
    switch self {
    case .collection, .trainer: nil
    case .here(_, let format), .clients(let format): format
    }
  }

  /// True for a known data set.
  var isCollection: Bool { if case .collection = self { true } else { false } }

  /// True for samples that only trainer programs know.
  package var isTrainers: Bool { if case .trainer = self { true } else { false } }
}

/// A data set that the program knows by its name.
package struct NamedCollection: Sendable {
  /// The name.
  package var name: String
  /// Its folder, or one of the files in it; nil for where a package would have installed it.
  package var path: String?
  /// The limits of its size, and the choices that the data set has.
  package var options: DatasetLoader.Options
}

/// The facts of samples that are known before they are read.
package struct SampleFacts: Sendable {
  /// The name of the data set, or of the folder.
  package var name: String
  /// The shape of one sample, `[C, H, W]`.
  package var input: Shape
  /// The number of classes.
  package var classes: Int
  /// True if each pixel has its own label.
  package var isSegmentation: Bool
  /// The normalization of intensities; nil where the samples tell it.
  package var normalization: Normalization?
}

extension SampleFacts {
  /// The facts of a data set.
  init(_ collection: any ImageCollection) {
    self.init(
      name: collection.name, input: collection.input, classes: collection.classes,
      isSegmentation: collection.isSegmentation, normalization: collection.normalization)
  }

  /// The facts of somebody's own samples; nil where the format leaves its shape or labels open.
  init?(_ format: SampleFormat, name: String) {
    guard let input = format.imageShape, let labels = format.labels else { return nil }
    let normalization: Normalization? =
      switch format.normalization {
      case .none: .none(channels: input.dimensions[0])
      case .given(let given): given
      case .federated: nil
      }
    self.init(
      name: name, input: input, classes: labels.names.count,
      isSegmentation: labels.isSegmentation, normalization: normalization)
  }
}

extension DataSection {
  /// A set without samples that has the shape and the classes of all.
  package var emptySet: Dataset {
    let (input, names) = (facts.input, source.format?.labels?.names)
    return Dataset(
      name: name, input: input, classes: facts.classes,
      normalization: facts.normalization ?? .none(channels: input.dimensions[0]),
      pixels: .bytes([]), labels: [],
      labelsPerSample: facts.isSegmentation ? input.dimensions[1] * input.dimensions[2] : 1,
      regions: facts.isSegmentation ? names.map(LabelRegion.named) : nil)
  }
}

extension DataSource {
  /// Reads the training and the test samples.
  ///
  /// - Throws: `DatasetError`, also where the samples are the clients' and nobody else's.
  func load(
    _ limits: SampleLimits, holdOut: HoldOut, seed: UInt64, by work: SampleWork
  ) throws(DatasetError) -> DatasetSplit {
    switch self {
    case .collection(var collection):
      (collection.options.trainLimit, collection.options.testLimit) = (limits.train, limits.test)
      return try DatasetLoader.load(
        name: collection.name, path: collection.path, options: collection.options)
    case .here(nil, _):
      throw .missing(
        dataset: "own samples", path: nil, remedy: "say where they are, as in data.path: my-images")
    case .here(let path?, let format):
      let split = try OwnSamples.read(
        path: path, format: format, holdOut: holdOut, seed: seed, work: work)
      // Files lie sorted by their classes, so that the first ones would be of one class.
      let chance = RandomStream(seed: seed).stream("limit")
      let train = limits.train.map { split.train.drawn($0, stream: chance) } ?? split.train
      let test = limits.test.map { split.test.drawn($0, stream: chance) } ?? split.test
      guard format.normalization == .federated, let normalization = ChannelSums(train).normalization
      else { return DatasetSplit(train: train, test: test, remarks: split.remarks) }
      return DatasetSplit(
        train: train.normalized(by: normalization), test: test.normalized(by: normalization),
        remarks: split.remarks)
    case .clients:
      throw .unsupported(
        path: "data.from",
        reason: "the samples are the clients' own and stay with them, so that none are to be read "
          + "here; to try the topology on samples of this machine, write from: here and a path")
    case .trainer:
      throw .unsupported(
        path: "data.from",
        reason: "the samples are those of trainer programs, so that none are to be read here; "
          + "start workers with a program, which has them")
    }
  }
}

/// The most training and test samples that are kept; nil keeps all.
package struct SampleLimits: Hashable, Sendable {
  /// The most training samples.
  package var train: Int?
  /// The most test samples.
  package var test: Int?
}
