import Tensors

/// Grey images and labels in a pair of IDX files.
struct IDXPair: OwnSource {
  private let images: (path: String, file: IDXFile)
  private let labels: (path: String, file: IDXFile)
  private let shape: Shape

  /// The pair of files, which may take `limit` bytes.
  init(images: String, labels: String, limit: Int) throws(DatasetError) {
    let pixels = try IDXFile(path: images, axes: 3, limit: limit)
    let classes = try IDXFile(path: labels, axes: 1, limit: limit)
    guard pixels.extents[0] == classes.extents[0] else {
      throw .countMismatch(
        path: images, count: pixels.extents[0], other: labels, otherCount: classes.extents[0])
    }
    guard pixels.extents[1] > 0, pixels.extents[2] > 0 else {
      throw .malformed(
        path: images, at: "header", reason: "images of \(pixels.extents[1])×\(pixels.extents[2])",
        remedy: "give images of a pixel at least")
    }
    self.images = (images, pixels)
    self.labels = (labels, classes)
    shape = [1, pixels.extents[1], pixels.extents[2]]
  }

  var keys: [String] { labels.file.bytes.indices.map(String.init) }
  var isSegmentation: Bool { false }
  func input() -> Shape? { shape }
  func labelNames() -> [String] { ClassNames.numbered(Int(labels.file.bytes.max() ?? 0) + 1) }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let number = try stack.names.number(
      of: String(labels.file.bytes[index]), path: labels.path,
      at: "sample \(index), counted from 0")
    let fit = PictureFit(input: stack.input, fit: stack.fit)
    let header = Picture.Header(
      channels: 1, rows: shape.dimensions[1], columns: shape.dimensions[2])
    try fit.check(header, path: images.path)
    let pixels = Array(images.file.bytes[index * shape.count..<(index + 1) * shape.count])
    try stack.append(
      fit.intensities(of: Picture(header: header, intensities: .bytes(pixels))), labels: [number],
      path: images.path)
  }
}

/// Labelled volumes in `imagesTr` and `labelsTr`, a key each, cut into slices.
struct StudyFiles: OwnSource {
  private let collection: NIfTIFolder
  private let contents: StudyFolder
  private let limit: Int

  /// The volumes below `path`, each of which may take `limit` bytes.
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
      geometry: SliceGeometry(
        rows: extents?[1] ?? geometry.rows, columns: extents?[2] ?? geometry.columns,
        step: geometry.step, every: geometry.every),
      modalities: modalities, classes: max(1, min(format.labels?.names.count ?? 1 << 16, 1 << 16)))
    self.limit = limit
  }

  var keys: [String] { contents.studies }
  var isSegmentation: Bool { true }
  func input() -> Shape? { collection.input }

  func labelNames() throws(DatasetError) -> [String] {
    var largest: UInt16 = 0
    for index in contents.studies.indices {
      let study = try collection.study(index, of: contents, limit: limit)
      largest = max(largest, study.labels.max() ?? 0)
    }
    return ClassNames.numbered(Int(largest) + 1)
  }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let study = try collection.study(index, of: contents, limit: limit)
    var slices = SliceStack(input: collection.input, limit: limit)
    _ = try study.slice(by: collection.geometry, into: &slices)
    let dataset = slices.dataset(
      name: "", classes: collection.classes, normalization: collection.normalization,
      userNames: contents.userNames, regions: [])
    guard collection.input == stack.input else {
      throw .wrongSize(path: study.path, found: collection.input, wanted: stack.input)
    }
    guard case .bytes(let pixels) = dataset.pixels else { return }
    let (size, area) = (dataset.input.count, dataset.labelsPerSample)
    for slice in 0..<dataset.count {
      try stack.append(
        .bytes(Array(pixels[slice * size..<(slice + 1) * size])),
        labels: Array(dataset.labels[slice * area..<(slice + 1) * area]), path: study.path)
    }
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
