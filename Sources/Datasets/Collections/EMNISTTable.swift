/// The `train` or `test` part of an EMNIST MATLAB file: a row per character.
struct EMNISTTable {
  private var pixels: [UInt8] = []
  private var labels: [Int] = []
  private var writers: [Int] = []
  private var imageRows = 0

  /// Reads both parts of the file `file`; its structure `dataset` has fields `train` and `test`.
  static func split(of collection: EMNIST, file: String, limit: Int) throws(DatasetError)
    -> DatasetSplit
  {
    var stream = try MATStream(path: file, limit: limit)
    var (train, test): (EMNISTTable?, EMNISTTable?)
    try stream.structure { (name, size, stream) throws(DatasetError) in
      switch name {
      case "train": train = try EMNISTTable(&stream, limit: limit)
      case "test": test = try EMNISTTable(&stream, limit: limit)
      default: try stream.skip(size)
      }
    }
    try stream.expectEnd()
    guard let train, let test else { throw stream.malformed("“train” or “test” is missing") }
    let numbers = Set(train.writers).union(test.writers).sorted()
    return DatasetSplit(
      train: try train.dataset(collection, writers: numbers, path: file),
      test: try test.dataset(collection, writers: numbers, path: file))
  }

  /// Reads a structure with fields `images`, `labels` and `writers`.
  private init(_ stream: inout MATStream, limit: Int) throws(DatasetError) {
    var (pixels, labels, writers, rows): ([UInt8], [Int], [Int], Int) = ([], [], [], 0)
    try stream.structure { (name, size, stream) throws(DatasetError) in
      switch name {
      case "images":
        let path = stream.path
        let extents = try stream.columns { (pixel, values) throws(DatasetError) in
          if pixel == 0 {
            guard values.count <= limit / Self.area else {
              throw .tooLarge(path: path, announced: values.count * Self.area, limit: limit)
            }
            pixels = Array(repeating: 0, count: values.count * Self.area)
          }
          guard pixel < Self.area else { return }
          // A row of the table goes through its image column by column.
          let place = pixel % 28 * 28 + pixel / 28
          for (sample, value) in values.enumerated() {
            guard let byte = UInt8(exactly: value) else {
              throw .malformed(
                path: path, at: "sample \(sample), pixel \(pixel)",
                reason: "\(value) isn't in 0 … 255", remedy: "store pixels as bytes, 0 being paper")
            }
            pixels[sample * Self.area + place] = byte
          }
        }
        guard extents.columns == Self.area else {
          throw stream.malformed("images of \(extents.columns) pixels, not \(Self.area)")
        }
        rows = extents.rows
      case "labels": _ = try stream.columns { labels += $1 }
      case "writers": _ = try stream.columns { writers += $1 }
      default: try stream.skip(size)
      }
    }
    (self.pixels, self.labels, self.writers, imageRows) = (pixels, labels, writers, rows)
  }

  private func dataset(_ collection: EMNIST, writers numbers: [Int], path: String)
    throws(DatasetError) -> Dataset
  {
    for (field, count) in [("labels", labels.count), ("writers", writers.count)]
    where count != imageRows && (field == "labels" || count != 0) {
      throw .malformed(
        path: path, at: field, reason: "\(count) of them for \(imageRows) images",
        remedy: "give each image one, in the images' order")
    }
    var classes: [UInt16] = []
    for (sample, value) in labels.enumerated() {
      let first = collection.variant.firstLabel
      guard (first..<first + collection.classes).contains(value) else {
        throw .labelOutOfRange(
          path: path, sample: sample, label: value, first: first,
          classes: collection.classes)
      }
      classes.append(UInt16(value - first))
    }
    let users = Dictionary(
      uniqueKeysWithValues: zip(numbers, numbers.indices.map(Int32.init)))
    return Dataset(
      name: collection.name, input: collection.input, classes: collection.classes,
      normalization: collection.normalization, pixels: .bytes(pixels), labels: classes,
      users: writers.isEmpty ? nil : writers.map { users[$0] ?? 0 },
      userNames: numbers.map { "writer \($0)" })
  }

  private static let area = 784
}
