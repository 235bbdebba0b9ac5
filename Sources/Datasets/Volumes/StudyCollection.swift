import Tensors

/// A folder of labelled volumes of many patients, cut into slices; every fifth patient is for testing.
protocol StudyCollection: ImageCollection {
  /// How the volumes are sliced.
  var geometry: SliceGeometry { get }
  /// How many modalities there are, one channel each.
  var modalities: Int { get }
  /// What Dice coefficients are reported of; nil for each class but the background.
  var regions: [LabelRegion]? { get }
  /// What is in the folder at `path`.
  func contents(of path: String) throws(DatasetError) -> StudyFolder
  /// Reads study number `index` of `folder`.
  func study(_ index: Int, of folder: StudyFolder, limit: Int) throws(DatasetError) -> Study
}

/// The studies of a folder and whose they are.
struct StudyFolder {
  /// The folder.
  let folder: DataFolder
  /// What the studies are called, in order.
  let studies: [String]
  /// The user of each study, an index into ``userNames``.
  let users: [Int]
  /// What the users are called.
  let userNames: [String]
}

extension StudyCollection {
  /// One channel per modality.
  package var input: Shape { geometry.input(channels: modalities) }
  /// Each pixel has its own label.
  package var isSegmentation: Bool { true }
  /// Each class but the background.
  var regions: [LabelRegion]? { nil }

  /// Reads the studies one after the other; only slices stay in memory.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    guard let path else {
      throw .missing(
        dataset: name, path: "(no path given)", remedy: "give the folder of its volumes as path")
    }
    let contents = try contents(of: path)
    guard contents.studies.count >= 3 else {
      throw .malformed(
        path: path, at: "folder",
        reason: "\(contents.studies.count) studies don't suffice for training and testing")
    }
    var train = SliceStack(input: input, limit: limit)
    var test = SliceStack(input: input, limit: limit)
    for index in contents.studies.indices {
      let study = try study(index, of: contents, limit: limit)
      if index % 5 == 2 {
        try study.slice(by: geometry, into: &test)
      } else {
        try study.slice(by: geometry, into: &train)
      }
    }
    // A byte is 1/32 of a deviation around 128.
    let normalization = Normalization(
      means: Array(repeating: 128 / 255, count: modalities),
      deviations: Array(repeating: 32 / 255, count: modalities))
    return DatasetSplit(
      train: train.dataset(
        name: name, classes: classes, normalization: normalization, userNames: contents.userNames,
        regions: regions),
      test: test.dataset(
        name: name, classes: classes, normalization: normalization, userNames: contents.userNames,
        regions: regions))
  }
}
