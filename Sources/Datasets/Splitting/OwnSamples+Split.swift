import Foundation

extension OwnSamples {
  /// Cuts the samples at `path` into a folder per client below `folder`, which is made whole or not
  /// at all.
  ///
  /// Pictures, label pictures and volumes are copied as files, rows of tables as rows; arrays stay
  /// arrays, and the samples of known data sets become pictures.
  ///
  /// - Parameters:
  ///   - path: A folder or file in a layout that can be told by looking.
  ///   - format: The looks of samples; what it leaves open is taken from the data.
  ///   - order: The clients, the rule of dealing, and what is held out.
  ///   - folder: The folder to make; an empty one may be there.
  ///   - limit: The most bytes that samples may take.
  /// - Returns: What each client got.
  /// - Throws: `DatasetError`, which names the file; `PartitionError`.
  package static func split(
    path: String, format: SampleFormat, _ order: SplitOrder, to folder: String,
    limit: Int = standardLimit
  ) throws -> ClientFolders {
    switch try OwnLayout(path: path, format: format) {
    case .collection(is BraTS):
      let source = try StudyFiles(brats: path, format: format, limit: limit)
      return try FileSplit(
        training: source, testing: nil, format: OwnSamples.format(of: path, as: format),
        path: path, limit: limit
      ).write(order, to: folder)
    case .parts(.tables(let training), let testing):
      var held: [String]?
      if case .tables(let paths) = testing { held = paths }
      return try TableSplit(
        training: training, testing: held, format: OwnSamples.format(of: path, as: format),
        limit: limit
      ).write(order, to: folder)
    case .parts(let training, let testing) where training.isOfFiles && testing?.isOfFiles != false:
      let known = try OwnSamples.format(of: path, as: format)
      return try FileSplit(
        training: training.open(known, limit: limit),
        testing: testing?.open(known, limit: limit), format: known, path: path, limit: limit
      ).write(order, to: folder)
    case .collection, .parts:
      let known = try OwnSamples.format(of: path, as: format)
      let split = try read(
        path: path, format: known, holdOut: order.holdOut, seed: order.seed, limit: limit,
        work: order.work)
      return try SplitWriter(split, names: known.labels?.names ?? split.train.labelNames)
        .write(order, to: folder)
    }
  }
}

extension OwnPart {
  /// True if each sample has files of its own.
  fileprivate var isOfFiles: Bool {
    switch self {
    case .pictures, .masks, .studies, .brats: true
    case .tables, .arrays, .archive, .idx: false
    }
  }
}
