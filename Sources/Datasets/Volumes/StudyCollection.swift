import Tensors

/// A folder of labelled volumes of many patients, cut into slices; every fifth patient is for
/// testing.
protocol StudyCollection: ImageCollection {
  /// The slicing of the volumes.
  var geometry: SliceGeometry { get }
  /// The number of modalities, one channel each.
  var modalities: Int { get }
  /// The regions whose Dice coefficients are reported; nil for each class but the background.
  var regions: [LabelRegion]? { get }
  /// The contents of the folder at `path`.
  func contents(of path: String) throws(DatasetError) -> StudyFolder
  /// The paths of the files of study number `index` of `folder`.
  func files(_ index: Int, of folder: StudyFolder) throws(DatasetError) -> [String]
  /// Reads study number `index` of `folder`.
  func study(_ index: Int, of folder: StudyFolder, limit: Int) throws(DatasetError) -> Study
}

/// The studies of a folder and whose they are.
struct StudyFolder: Sendable {
  /// The folder.
  let folder: DataFolder
  /// The names of the studies, in order.
  let studies: [String]
  /// The patient of each study, from 0: none is both trained on and tested with.
  let patients: [Int]
  /// The user of each study, an index into ``userNames``.
  let users: [Int]
  /// The names of the users.
  let userNames: [String]
}

extension StudyCollection {
  /// One channel per modality.
  package var input: Shape { geometry.input(channels: modalities) }
  /// Each pixel has its own label.
  package var isSegmentation: Bool { true }
  /// A byte is 1/32 of a deviation around 128.
  package var normalization: Normalization {
    Normalization(
      means: Array(repeating: 128 / 255, count: modalities),
      deviations: Array(repeating: 32 / 255, count: modalities))
  }
  /// Each class but the background.
  var regions: [LabelRegion]? { nil }

  /// Reads the studies one after the other; only slices stay in memory.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    guard let path else {
      throw .missing(dataset: name, path: nil, remedy: "give the folder of its volumes")
    }
    let contents = try contents(of: path)
    guard Set(contents.patients).count >= 3 else {
      throw .malformed(
        path: path, at: "folder",
        reason: "\(Set(contents.patients).count) patients don't suffice for training and testing",
        remedy: "give a folder with three at least")
    }
    var train = SliceStack(input: input, limit: limit)
    var test = SliceStack(input: input, limit: limit)
    var (hidden, remarks): ([String], [String: Int]) = ([], [:])
    for index in contents.studies.indices {
      let study = try study(index, of: contents, limit: limit)
      let count =
        contents.patients[index] % 5 == 2
        ? try study.slice(by: geometry, into: &test) : try study.slice(by: geometry, into: &train)
      if count == 0 { hidden.append(contents.studies[index]) }
      if let remark = study.remark { remarks[remark, default: 0] += 1 }
    }
    return DatasetSplit(
      train: train.dataset(
        name: name, classes: classes, normalization: normalization, userNames: contents.userNames,
        regions: regions),
      test: test.dataset(
        name: name, classes: classes, normalization: normalization, userNames: contents.userNames,
        regions: regions),
      remarks: Self.remark(onHidden: hidden)
        + remarks.sorted { $0.key < $1.key }.map { "\(name): \($0.key), in \($0.value) studies" })
  }

  /// A word about the studies of which no slice is used.
  private static func remark(onHidden studies: [String]) -> [String] {
    guard !studies.isEmpty else { return [] }
    let others = studies.count > 5 ? " and \(studies.count - 5) others" : ""
    let names = studies.prefix(5).joined(separator: ", ") + others
    return [
      "no slice is used of \(names): less than 2 % of each shows anything, or all of it the same"
    ]
  }
}
