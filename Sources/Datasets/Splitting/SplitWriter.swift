import Foundation
import Tensors

/// Cuts samples that were read into a folder per client, which each can be given as its own data.
///
/// Pictures of 8 bits in grey or colours become PNG files, in a folder per class or beside pictures
/// of labels; anything else two NumPy arrays.
package struct SplitWriter: Sendable {
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

  /// Deals the samples out and writes folders `0`, `1`, … into `folder`, which must be empty or not
  /// be there, and is made whole or not at all.
  ///
  /// - Throws: `DatasetError`, `PartitionError`.
  package func write(_ order: SplitOrder, to folder: String) throws -> ClientFolders {
    try checkNames()
    let (train, test) = (split.train, split.test)
    var users: [Int32]?
    if let first = train.users {
      users = first + (test.users ?? Array(repeating: 0, count: test.count))
      if test.users == nil, test.count > 0 { users = nil }
    }
    let clients = try order.deal(
      training: train.count, testing: test.count,
      labels: train.dominantLabels + test.dominantLabels, users: users)
    var place = try SplitFolder(target: folder)
    if isPictures {
      try writePictures(of: clients, into: place, by: order.work)
    } else {
      for (client, part) in clients.enumerated() {
        try place.create("\(client)/train")
        for (name, samples, dataset) in [
          ("train", part.training, train), ("test", part.testing, test),
        ]
        where !samples.isEmpty {
          try place.create("\(client)/\(name)")
          try writeArrays(samples, of: dataset, to: "\(place.partial)/\(client)/\(name)")
        }
        guard order.work.goesOn?(client + 1, clients.count) != false else {
          throw DatasetError.interrupted(path: folder)
        }
      }
    }
    try place.finish(isDurable: order.isDurable)
    return ClientFolders(
      format: SampleFormat(
        input: train.input.isColumn ? [train.input.count] : train.input,
        labels: train.isSegmentation ? .pixels(names) : .classes(names)),
      shares: clients.map {
        ClientFolders.Share(train: $0.training.count, test: $0.testing.count)
      }, remarks: split.remarks)
  }

  /// Refuses names that can't be those of folders.
  private func checkNames() throws(DatasetError) {
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

  /// A sample of a client with the folder that it goes to.
  private struct Errand {
    var sample: Int
    var isTest: Bool
    var folder: String
  }

  private func writePictures(
    of clients: [SplitOrder.Client], into place: borrowing SplitFolder, by work: SampleWork
  ) throws(DatasetError) {
    var errands: [Errand] = []
    for (client, part) in clients.enumerated() {
      for (name, samples, isTest) in [
        ("train", part.training, false), ("test", part.testing, true),
      ] {
        let dataset = isTest ? split.test : split.train
        guard dataset.count > 0 else { continue }
        let folder = "\(client)/\(name)"
        try place.create(folder)
        let parts =
          dataset.isSegmentation
          ? ["images", "labels"] : Set(samples.map { names[Int(dataset.labels[$0])] }).sorted()
        for part in parts { try place.create("\(folder)/\(part)") }
        errands += samples.map {
          Errand(sample: $0, isTest: isTest, folder: "\(place.partial)/\(folder)")
        }
      }
    }
    let all = errands
    try work.run(all.count, grain: 64, path: place.target) { (range) throws(DatasetError) in
      for errand in all[range] {
        try writePicture(
          errand.sample, of: errand.isTest ? split.test : split.train, to: errand.folder)
      }
    } gather: { (_) throws(DatasetError) in
    }
  }

  private func writePicture(
    _ sample: Int, of dataset: Dataset, to folder: String
  ) throws(DatasetError) {
    guard case .bytes(let pixels) = dataset.pixels else { return }
    let (channels, rows, columns) = (
      dataset.input.dimensions[0], dataset.input.dimensions[1], dataset.input.dimensions[2]
    )
    let (area, start) = (rows * columns, sample * dataset.input.count)
    let digits = String(sample)
    let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".png"
    func put(_ picture: [UInt8], channels: Int, _ part: String) throws(DatasetError) {
      let file = "\(folder)/\(part)/\(name)"
      try PlainFile.write(
        PNGWriter.encode(picture, rows: rows, columns: columns, channels: channels, path: file),
        to: file)
    }
    var picture = Array(pixels[start..<start + dataset.input.count])
    if channels > 1 {
      for pixel in 0..<area {
        for channel in 0..<channels {
          picture[pixel * channels + channel] = pixels[start + channel * area + pixel]
        }
      }
    }
    guard dataset.isSegmentation else {
      return try put(picture, channels: channels, names[Int(dataset.labels[sample])])
    }
    try put(picture, channels: channels, "images")
    let labels = dataset.labels[sample * area..<(sample + 1) * area].map { UInt8($0) }
    try put(labels, channels: 1, "labels")
  }

  private func writeArrays(_ samples: [Int], of dataset: Dataset, to folder: String)
    throws(DatasetError)
  {
    let (size, input) = (dataset.input.count, dataset.input.dimensions)
    let extents = [samples.count] + (dataset.input.isColumn ? [input[0]] : input)
    let values =
      switch dataset.pixels {
      case .bytes(let pixels):
        NPYWriter.bytes(
          samples.lazy.flatMap { pixels[$0 * size..<($0 + 1) * size] }, extents: extents)
      case .floats(let pixels):
        NPYWriter.floats(
          samples.lazy.flatMap { pixels[$0 * size..<($0 + 1) * size] }, extents: extents)
      }
    try PlainFile.write(values, to: "\(folder)/x.npy")
    let area = dataset.labelsPerSample
    let labels =
      dataset.isSegmentation
      ? NPYWriter.words(
        samples.lazy.flatMap { dataset.labels[$0 * area..<($0 + 1) * area] },
        extents: [samples.count, input[1], input[2]])
      : NPYWriter.text(samples.map { names[Int(dataset.labels[$0])] })
    try PlainFile.write(labels, to: "\(folder)/y.npy")
  }
}

extension Shape {
  /// True if this is the shape of a table's row, whose columns are channels of one pixel.
  fileprivate var isColumn: Bool { dimensions[1] == 1 && dimensions[2] == 1 }
}
