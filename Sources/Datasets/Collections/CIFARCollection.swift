package import Tensors

/// CIFAR-10 or CIFAR-100 (Krizhevsky, 2009) in their binary version.
///
/// A file is a row of records: the label or labels, one byte each, then 3,072 bytes, `[3, 32, 32]`,
/// red first.
package struct CIFARCollection: ImageCollection {
  /// The data set's name.
  package let name: String
  /// The number of classes.
  package let classes: Int
  /// The paper's augmentation of the training images.
  package let augmentation: Augmentation
  /// The number of label bytes with which a record begins; the last is the one that counts.
  let labelBytes: Int
  /// The training files, in order.
  let trainFiles: [String]
  /// The test file.
  let testFile: String
  /// The folder inside the published archive.
  let folder: String

  /// CIFAR-10: ten classes, 50,000 and 10,000 images.
  package static let cifar10 = CIFARCollection(
    name: "cifar10", classes: 10, augmentation: .cifar10, labelBytes: 1,
    trainFiles: (1...5).map { "data_batch_\($0).bin" }, testFile: "test_batch.bin",
    folder: "cifar-10-batches-bin")

  /// CIFAR-100: its hundred fine classes, 50,000 and 10,000 images.
  package static let cifar100 = CIFARCollection(
    name: "cifar100", classes: 100, augmentation: .cifar100, labelBytes: 2,
    trainFiles: ["train.bin"], testFile: "test.bin", folder: "cifar-100-binary")

  /// Three channels of 32 × 32.
  package var input: Shape { [3, 32, 32] }
  /// CIFAR-10's, also for CIFAR-100.
  package var normalization: Normalization { .cifar }

  /// Reads both splits from `path`: the archive's folder, the one around it, or a file in it.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    let remedy =
      "fetch the binary version from https://www.cs.toronto.edu/~kriz/cifar.html, "
      + "unpack it and give the folder \(folder) as path"
    guard let path else {
      throw .missing(dataset: name, path: nil, remedy: remedy)
    }
    var place = try DataFolder(dataset: name, path: path, remedy: remedy)
    if place.existing(testFile) == nil, place.existing(folder) != nil {
      place = try DataFolder(dataset: name, path: "\(path)/\(folder)", remedy: remedy)
    }
    return DatasetSplit(
      train: try load(trainFiles, in: place, limit: limit),
      test: try load([testFile], in: place, limit: limit))
  }

  private func load(_ files: [String], in folder: DataFolder, limit: Int) throws(DatasetError)
    -> Dataset
  {
    var pixels: [UInt8] = []
    var labels: [UInt16] = []
    for name in files {
      let path = try folder.file(name)
      var file = try ByteFile(path: path, limit: limit)
      try readRecords(of: &file, pixels: &pixels, labels: &labels)
    }
    return Dataset(
      name: name, input: input, classes: classes, normalization: normalization,
      pixels: .bytes(pixels),
      labels: labels)
  }

  private func readRecords(of file: inout ByteFile, pixels: inout [UInt8], labels: inout [UInt16])
    throws(DatasetError)
  {
    let size = labelBytes + input.count
    var record = [UInt8](repeating: 0, count: size)
    var sample = 0
    while true {
      let got = try file.readSome(into: &record)
      guard got > 0 else { break }
      guard got == size else {
        throw .truncated(
          path: file.path, needed: file.position - got + size, available: file.position)
      }
      guard file.position <= file.limit else {
        throw .tooLarge(path: file.path, announced: file.position, limit: file.limit)
      }
      let label = Int(record[labelBytes - 1])
      guard label < classes else {
        throw .labelOutOfRange(path: file.path, sample: sample, label: label, classes: classes)
      }
      labels.append(UInt16(label))
      pixels += record[labelBytes...]
      sample += 1
    }
    guard sample > 0 else { throw .truncated(path: file.path, needed: size, available: 0) }
  }
}
