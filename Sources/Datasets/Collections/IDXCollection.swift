package import Tensors

/// A data set of grey images in IDX files: MNIST, Fashion-MNIST and their kin.
package struct IDXCollection: ImageCollection {
  /// The data set's name.
  package let name: String
  /// The shape of one image, `[1, H, W]`.
  package var input: Shape = [1, 28, 28]
  /// The number of classes.
  package let classes: Int
  /// The normalization of intensities.
  package let normalization: Normalization
  /// The label of the first class in the files: 1 where they count from 1.
  let firstLabel: Int
  /// True if the files hold each image with rows and columns exchanged, as EMNIST's do.
  let isTransposed: Bool
  /// The prefixes of the training files' and the test files' names: "train", "t10k".
  let prefixes: (train: String, test: String)
  /// The folder of the files unless a path is given; nil where no package installs them.
  let standardPath: String?
  /// The remedy where the files are missing.
  let remedy: String

  /// Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017), as Debian packages it.
  package static let fashionMNIST = IDXCollection(
    name: "fashion-mnist", classes: 10, normalization: .fashionMNIST, firstLabel: 0,
    isTransposed: false, prefixes: ("train", "t10k"),
    standardPath: "/usr/share/datasets/fashion-mnist",
    remedy: "run “apt-get install dataset-fashion-mnist” or give the path of its four IDX files")

  /// MNIST (LeCun, Cortes, Burges), from wherever its four files were fetched to.
  package static let mnist = IDXCollection(
    name: "mnist", classes: 10, normalization: .mnist, firstLabel: 0, isTransposed: false,
    prefixes: ("train", "t10k"), standardPath: nil,
    remedy: "no Debian package holds it: fetch its four IDX files and give their folder as path")

  /// Reads both splits from `path`, a folder or one of the files in it.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    guard let place = path ?? standardPath else {
      throw .missing(dataset: name, path: nil, remedy: remedy)
    }
    let folder = try DataFolder(dataset: name, path: place, remedy: remedy)
    let train = try load(prefixes.train, in: folder, limit: limit)
    let test = try load(prefixes.test, in: folder, limit: limit)
    return DatasetSplit(train: train, test: test)
  }

  private func load(_ prefix: String, in folder: DataFolder, limit: Int) throws(DatasetError)
    -> Dataset
  {
    let imagePath = try folder.file("\(prefix)-images-idx3-ubyte", "\(prefix)-images.idx3-ubyte")
    let labelPath = try folder.file("\(prefix)-labels-idx1-ubyte", "\(prefix)-labels.idx1-ubyte")
    let labels = try readLabels(labelPath, limit: limit)
    let pixels = try readImages(imagePath, limit: limit)
    let count = pixels.count / input.count
    guard count == labels.count else {
      throw .countMismatch(
        path: imagePath, count: count, other: labelPath, otherCount: labels.count)
    }
    return Dataset(
      name: name, input: input, classes: classes, normalization: normalization,
      pixels: .bytes(pixels), labels: labels)
  }

  private func readLabels(_ path: String, limit: Int) throws(DatasetError) -> [UInt16] {
    let file = try IDXFile(path: path, axes: 1, limit: limit)
    return try file.labels(path: path, first: firstLabel, classes: classes)
  }

  private func readImages(_ path: String, limit: Int) throws(DatasetError) -> [UInt8] {
    let file = try IDXFile(path: path, axes: 3, limit: limit)
    let (rows, columns) = (file.extents[1], file.extents[2])
    let expected = Array(input.dimensions[1...])
    guard [rows, columns] == (isTransposed ? expected.reversed() : expected) else {
      throw .malformed(
        path: path, at: "header",
        reason: "images of \(rows)×\(columns), where \(name) has \(expected[0])×\(expected[1])",
        remedy: "give the files of \(name), or images of its size")
    }
    return isTransposed ? Self.transpose(file.bytes, rows: rows, columns: columns) : file.bytes
  }

  private static func transpose(_ images: [UInt8], rows: Int, columns: Int) -> [UInt8] {
    var result = images
    let area = rows * columns
    for start in stride(from: 0, to: images.count, by: area) {
      for row in 0..<rows {
        for column in 0..<columns {
          result[start + column * rows + row] = images[start + row * columns + column]
        }
      }
    }
    return result
  }
}
