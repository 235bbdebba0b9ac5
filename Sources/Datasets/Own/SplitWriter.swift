package import Foundation
import Measures
import Tensors

/// Cuts a data set into a folder per client, which each can be given as its own data.
///
/// Training and test samples are dealt together, so that a client's `test` is as skewed as its
/// `train`; no test sample becomes one of training. Pictures of 8 bits in grey or colours become
/// PNG files, in a folder per class or beside pictures of labels; anything else two NumPy arrays.
package struct SplitWriter {
  /// The samples of one client.
  package struct Share: Hashable, Sendable {
    /// The number in `train`.
    package var train: Int
    /// The number in `test`.
    package var test: Int
  }

  /// The samples.
  package let split: DatasetSplit
  /// The names of the classes, or of the labels of pixels.
  package let names: [String]

  /// A writer of `split`, whose classes are called `names`.
  package init(_ split: DatasetSplit, names: [String]) {
    precondition(
      names.count == split.train.classes, "\(names.count) names for \(split.train.classes) classes")
    self.split = split
    self.names = names
  }

  /// Deals the samples out to `clients` clients by `partition` and writes folders `0`, `1`, … into
  /// `folder`, which must be empty or not be there.
  package func write(
    clients: Int, partition: Partition, seed: UInt64, to folder: URL
  ) throws -> [Share] {
    try checkNames()
    let stream = RandomStream(seed: seed)
    let (train, test) = (split.train, split.test)
    var users: [Int32]?
    if let first = train.users {
      users = first + (test.users ?? Array(repeating: 0, count: test.count))
      if test.users == nil, test.count > 0 { users = nil }
    }
    let parts = try partition.deal(
      labels: train.dominantLabels + test.dominantLabels, users: users, to: clients, stream: stream)
    try checkEmpty(folder)
    return try parts.enumerated().map { client, samples in
      let place = folder.appending(path: String(client))
      let boundary = samples.firstIndex { $0 >= train.count } ?? samples.count
      try write(Array(samples[..<boundary]), of: train, to: place.appending(path: "train"))
      let held = samples[boundary...].map { $0 - train.count }
      if test.count > 0 { try write(held, of: test, to: place.appending(path: "test")) }
      return Share(train: boundary, test: held.count)
    }
  }

  private func checkEmpty(_ folder: URL) throws {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    guard entries.isEmpty else {
      throw DatasetError.malformed(
        path: folder.path, at: "folder", reason: "it isn't empty",
        remedy: "give a folder that isn't there yet")
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Refuses names that can't be those of folders.
  private func checkNames() throws {
    guard isPictures, !split.train.isSegmentation else { return }
    for name in names {
      guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), name.utf8.count <= 255 else {
        throw DatasetError.malformed(
          path: split.train.name, at: "class “\(name)”", reason: "no folder can be called so",
          remedy: "rename the class")
      }
    }
  }

  /// True if samples are written as PNG files.
  private var isPictures: Bool {
    guard case .bytes = split.train.pixels, case .bytes = split.test.pixels else { return false }
    let isNarrow = !split.train.isSegmentation || names.count <= 256
    return [1, 3].contains(split.train.input.dimensions[0]) && isNarrow
  }

  private func write(_ samples: [Int], of dataset: Dataset, to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    if case .bytes(let pixels) = dataset.pixels, isPictures {
      try writePictures(samples, pixels, of: dataset, to: folder)
    } else if !samples.isEmpty {
      try writeArrays(samples, of: dataset, to: folder)
    }
  }

  private func writePictures(
    _ samples: [Int], _ pixels: [UInt8], of dataset: Dataset, to folder: URL
  ) throws {
    let (channels, rows, columns) = (
      dataset.input.dimensions[0], dataset.input.dimensions[1], dataset.input.dimensions[2]
    )
    let area = rows * columns
    var folders: Set<URL> = []
    func put(_ picture: [UInt8], channels: Int, _ part: String, _ name: String) throws {
      let place = folder.appending(path: part)
      if folders.insert(place).inserted {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      }
      let file = place.appending(path: name)
      let bytes = try PNGWriter.encode(
        picture, rows: rows, columns: columns, channels: channels, path: file.path)
      try Data(bytes).write(to: file)
    }
    for sample in samples {
      let digits = String(sample)
      let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".png"
      let start = sample * dataset.input.count
      let picture = (0..<area).flatMap { pixel in
        (0..<channels).map { pixels[start + $0 * area + pixel] }
      }
      guard dataset.isSegmentation else {
        try put(picture, channels: channels, names[Int(dataset.labels[sample])], name)
        continue
      }
      try put(picture, channels: channels, "images", name)
      let labels = dataset.labels[sample * area..<(sample + 1) * area].map { UInt8($0) }
      try put(labels, channels: 1, "labels", name)
    }
  }

  private func writeArrays(_ samples: [Int], of dataset: Dataset, to folder: URL) throws {
    let (size, input) = (dataset.input.count, dataset.input.dimensions)
    let isTable = input[1] == 1 && input[2] == 1
    let extents = [samples.count] + (isTable ? [input[0]] : input)
    let values =
      switch dataset.pixels {
      case .bytes(let pixels):
        NPYWriter.bytes(
          samples.lazy.flatMap { pixels[$0 * size..<($0 + 1) * size] }, extents: extents)
      case .floats(let pixels):
        NPYWriter.floats(
          samples.lazy.flatMap { pixels[$0 * size..<($0 + 1) * size] }, extents: extents)
      }
    try Data(values).write(to: folder.appending(path: "x.npy"))
    let area = dataset.labelsPerSample
    let labels =
      dataset.isSegmentation
      ? NPYWriter.words(
        samples.lazy.flatMap { dataset.labels[$0 * area..<($0 + 1) * area] },
        extents: [samples.count, input[1], input[2]])
      : NPYWriter.text(samples.map { names[Int(dataset.labels[$0])] })
    try Data(labels).write(to: folder.appending(path: "y.npy"))
  }
}
