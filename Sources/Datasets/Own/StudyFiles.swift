import Foundation
import Tensors

/// Labelled volumes of patients, cut into slices; the volumes of one patient share a key.
struct StudyFiles: OwnSource {
  private let collection: any StudyCollection
  private let contents: StudyFolder
  private let limit: Int

  let keys: [String]

  /// The volumes in `imagesTr` and `labelsTr` below `path`, each of which may take `limit` bytes.
  init(path: String, format: SampleFormat, limit: Int) throws(DatasetError) {
    let geometry = format.slices
    let extents = format.imageShape?.dimensions
    let probe = NIfTIFolder(geometry: geometry, modalities: extents?[0] ?? 1, classes: 1)
    contents = try probe.contents(of: path)
    let modalities: Int
    if let channels = extents?[0] {
      modalities = channels
    } else {
      modalities = try Self.modalities(of: contents, limit: limit)
    }
    collection = NIfTIFolder(
      geometry: format.geometry, modalities: modalities,
      classes: max(1, min(format.labels?.names.count ?? 1 << 16, 1 << 16)))
    keys = contents.studies
    self.limit = limit
  }

  /// The studies of the Brain Tumour Segmentation challenge below `path`.
  init(brats path: String, format: SampleFormat, limit: Int) throws(DatasetError) {
    let brats = BraTS(reading: format)
    contents = try brats.contents(of: path)
    collection = brats
    keys = contents.studies.map { study in
      BraTSStudy.patient(inFolder: (study as NSString).lastPathComponent)
    }
    self.limit = limit
  }

  var users: [Int32]? { contents.users.map { Int32($0) } }
  var isSegmentation: Bool { true }
  func input() -> Shape? { collection.input }

  func labelNames() throws(DatasetError) -> [String] {
    guard collection is NIfTIFolder else { return ClassNames.numbered(collection.classes) }
    var largest: UInt16 = 0
    for index in contents.studies.indices {
      let study = try collection.study(index, of: contents, limit: limit)
      largest = max(largest, study.labels.max() ?? 0)
    }
    return ClassNames.numbered(Int(largest) + 1)
  }

  func files(_ index: Int) throws(DatasetError) -> [SampleFile]? {
    try collection.files(index, of: contents).map { path in
      SampleFile(path: path, name: String(path.dropFirst(contents.folder.path.count + 1)))
    }
  }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let study = try collection.study(index, of: contents, limit: limit)
    if let remark = study.remark { stack.remark("\(collection.name): \(remark)") }
    var slices = SliceStack(input: collection.input, limit: limit)
    _ = try study.slice(by: collection.geometry, into: &slices)
    let dataset = slices.dataset(
      name: "", classes: collection.classes, normalization: collection.normalization,
      userNames: contents.userNames, regions: [])
    guard collection.input == stack.input else {
      throw .wrongSize(path: study.path, found: collection.input, wanted: stack.input)
    }
    guard case .bytes(let pixels) = dataset.pixels else { return }
    try stack.append(.bytes(pixels), labels: dataset.labels, path: study.path)
  }

  private static func modalities(
    of contents: StudyFolder, limit: Int
  ) throws(DatasetError) -> Int {
    guard let first = contents.studies.first,
      let path = try contents.folder.volume("imagesTr/\(first)")
    else { return 1 }
    return try NIfTIVolume(path: path, limit: limit).extents[3]
  }
}

extension SampleFormat {
  /// The slicing of volumes, with the input's rows and columns.
  fileprivate var geometry: SliceGeometry {
    let extents = imageShape?.dimensions
    return SliceGeometry(
      rows: extents?[1] ?? slices.rows, columns: extents?[2] ?? slices.columns, step: slices.step,
      every: slices.every)
  }
}

extension BraTS {
  /// The challenge's data, sliced as a format says.
  init(reading format: SampleFormat) {
    self.init(geometry: format.geometry, hasCavity: format.labels?.names.count == 5)
  }
}
