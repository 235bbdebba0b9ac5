import Tensors

/// Grey images and labels in a pair of IDX files.
struct IDXPair: OwnSource {
  private let images: (path: String, file: IDXImages)
  private let labels: (path: String, file: IDXFile)
  private let shape: Shape

  /// The pair of files, which may take `limit` bytes.
  init(images: String, labels: String, limit: Int) throws(DatasetError) {
    let pixels = try IDXImages(path: images, limit: limit)
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
    let pixels = try images.file.image(index)
    try stack.append(
      fit.intensities(of: Picture(header: header, intensities: .bytes(pixels))), labels: [number],
      path: images.path)
  }
}
