import Foundation
import Measures
import Tensors

/// The samples that lie in somebody's own folder or file, in any format that can be told by
/// looking.
package enum OwnSamples {
  /// The most bytes that the samples of one path may take, unless told.
  package static let standardLimit = ByteFile.standardLimit

  /// Reads the samples at `path`, divided into those to train on and those held out.
  ///
  /// - Parameters:
  ///   - path: A folder or file.
  ///   - format: The looks of samples; what it leaves open is taken from the data.
  ///   - holdOut: The share held out where the data isn't divided by its own folders or files.
  ///   - seed: The seed of that choice.
  ///   - limit: The most bytes that the samples may take.
  ///   - work: The threads that read, and who is told.
  /// - Returns: Both sets; the second is empty where nothing is held out.
  /// - Throws: `DatasetError`, which names the file.
  package static func read(
    path: String, format: SampleFormat, holdOut: HoldOut = .fifth, seed: UInt64,
    limit: Int = standardLimit, work: SampleWork = .alone
  ) throws(DatasetError) -> DatasetSplit {
    try check(format, path: path)
    switch try OwnLayout(path: path, format: format) {
    case .collection(let collection):
      return try read(collection, path: path, format: format, limit: limit)
    case .parts(let training, let testing):
      let (train, test) = (
        try training.open(format, limit: limit), try testing?.open(format, limit: limit)
      )
      let format = try resolved(format, of: [train] + (test.map { [$0] } ?? []), path: path)
      var stacks = (
        train: try SampleStack(format: format, path: path, limit: limit),
        test: try SampleStack(format: format, path: path, limit: limit)
      )
      let (keys, testKeys) = (train.keys, test?.keys ?? [])
      let marks = test == nil ? holdOut.marks(keys, seed: seed) : keys.map { _ in false }
      let (trained, held) = (
        keys.indices.filter { !marks[$0] }, keys.indices.filter { marks[$0] }
      )
      let all = keys.count + testKeys.count
      try train.append(trained, to: &stacks.train, path: path, by: work, done: 0, of: all)
      try train.append(
        held, to: &stacks.test, path: path, by: work, done: trained.count, of: all)
      try test?.append(
        Array(testKeys.indices), to: &stacks.test, path: path, by: work, done: keys.count, of: all)
      let name = (path as NSString).lastPathComponent
      return DatasetSplit(
        train: stacks.train.dataset(name: name), test: stacks.test.dataset(name: name),
        remarks: stacks.train.remarks
          + stacks.test.remarks.filter { !stacks.train.remarks.contains($0) })
    }
  }

  /// The format of the samples at `path` with nothing left open, at the cost of a look at names and
  /// headers.
  package static func format(of path: String, as format: SampleFormat, limit: Int = standardLimit)
    throws(DatasetError) -> SampleFormat
  {
    try check(format, path: path)
    switch try OwnLayout(path: path, format: format) {
    case .collection(let collection):
      var result = format
      result.input = collection.input
      result.labels = try labels(of: collection, format: format, path: path)
      return result
    case .parts(let training, let testing):
      let sources = try [training, testing].compactMap { $0 }.map {
        (part) throws(DatasetError) in try part.open(format, limit: limit)
      }
      return try resolved(format, of: sources, path: path)
    }
  }

  /// The sizes of the pictures in the folders of classes below `path`, each file being read.
  package static func fileSizes(below path: String) throws(DatasetError) -> [Int] {
    try PictureFolder(path: path, format: SampleFormat()).sizes()
  }

  /// Refuses a shape that no sample has.
  private static func check(_ format: SampleFormat, path: String) throws(DatasetError) {
    guard let input = format.input, input.dimensions.count != 1, input.dimensions.count != 3 else {
      return
    }
    throw .malformed(
      path: path, at: "input", reason: "samples of \(input) aren't read",
      remedy: "write data.input as [channels, rows, columns], or [n] for tables")
  }

  /// The format with what it leaves open taken from `sources`, which lie at `path`.
  private static func resolved(
    _ format: SampleFormat, of sources: [any OwnSource], path: String
  ) throws(DatasetError) -> SampleFormat {
    guard sources.contains(where: { !$0.keys.isEmpty }) else { throw .noSamples(path: path) }
    var result = format
    if result.input == nil {
      for source in sources where result.input == nil { result.input = try source.input() }
    }
    if result.labels == nil {
      let isSegmentation = sources.contains { $0.isSegmentation }
      var names: [String] = []
      for source in sources {
        for name in try source.labelNames() where !names.contains(name) { names.append(name) }
      }
      names.sort(by: ClassNames.precede)
      result.labels = isSegmentation ? .pixels(names) : .classes(names)
    }
    for source in sources where source.isSegmentation != result.labels?.isSegmentation {
      throw .malformed(
        path: path, at: "labels",
        reason: source.isSegmentation
          ? "each pixel has a label, where data.classes means one per sample"
          : "each sample has one label, where data.labels means one per pixel",
        remedy: "write data.\(source.isSegmentation ? "labels" : "classes"), or give other data")
    }
    return result
  }

  private static func labels(
    of collection: any ImageCollection, format: SampleFormat, path: String
  ) throws(DatasetError) -> SampleFormat.Labels {
    guard let labels = format.labels else {
      let names = ClassNames.numbered(collection.classes)
      return collection.isSegmentation ? .pixels(names) : .classes(names)
    }
    guard labels.isSegmentation == collection.isSegmentation,
      labels.names.count == collection.classes
    else {
      throw .malformed(
        path: path, at: "labels",
        reason: "this is \(collection.name) with \(collection.classes) "
          + (collection.isSegmentation ? "labels of pixels" : "classes of samples")
          + ", not with \(labels.names.count) "
          + (labels.isSegmentation ? "labels of pixels" : "classes of samples"),
        remedy: "name as many under data.\(collection.isSegmentation ? "labels" : "classes")")
    }
    return labels
  }

  private static func read(
    _ collection: any ImageCollection, path: String, format: SampleFormat, limit: Int
  ) throws(DatasetError) -> DatasetSplit {
    let labels = try labels(of: collection, format: format, path: path)
    if let wanted = format.imageShape, wanted != collection.input {
      throw .wrongSize(path: path, found: collection.input, wanted: wanted)
    }
    try format.checkScaling(channels: collection.input.dimensions[0], path: path)
    let split = try collection.load(path: path, limit: limit)
    let normalization = format.normalization(channels: collection.input.dimensions[0])
    func described(_ dataset: Dataset) -> Dataset {
      Dataset(
        name: dataset.name, input: dataset.input, classes: dataset.classes,
        normalization: normalization, pixels: dataset.pixels, labels: dataset.labels,
        labelsPerSample: dataset.labelsPerSample, users: dataset.users,
        userNames: dataset.userNames,
        regions: labels.isSegmentation ? LabelRegion.named(labels.names) : [])
    }
    return DatasetSplit(
      train: described(split.train), test: described(split.test), remarks: split.remarks)
  }
}
