import Measures

/// Finds a data set by its name in a topology.
package enum DatasetLoader {
  /// The names that are known.
  package static let names =
    ["fashion-mnist", "mnist"] + EMNIST.Variant.allCases.map { EMNIST($0).name } + [
      "cifar10", "cifar100", "leaf-femnist", "icbm152", "brats", "nifti", "synthetic",
    ]

  /// The collection called `name`, not yet read.
  ///
  /// - Throws: `DatasetError.unknownName`.
  package static func collection(named name: String, options: Options = Options())
    throws(DatasetError) -> any ImageCollection
  {
    switch name {
    case "fashion-mnist": return IDXCollection.fashionMNIST
    case "mnist": return IDXCollection.mnist
    case "cifar10": return CIFARCollection.cifar10
    case "cifar100": return CIFARCollection.cifar100
    case "leaf-femnist": return LEAF()
    case "icbm152":
      return ICBM152(
        geometry: options.slices ?? .icbm152, sites: options.sites, seed: options.siteSeed)
    case "brats":
      return BraTS(geometry: options.slices ?? .brats, hasCavity: options.classes == 5)
    case "nifti":
      return NIfTIFolder(
        geometry: options.slices ?? .brats, modalities: options.modalities,
        classes: options.classes)
    case "synthetic": return options.synthetic
    default:
      guard let variant = EMNIST.Variant.allCases.first(where: { EMNIST($0).name == name }) else {
        throw .unknownName(name, known: names)
      }
      return EMNIST(variant)
    }
  }

  /// Reads the collection called `name` from `path`, or from where a package would have installed it.
  package static func load(name: String, path: String? = nil, options: Options = Options())
    throws(DatasetError) -> DatasetSplit
  {
    let split = try collection(named: name, options: options)
      .load(path: path, limit: options.fileLimit.bytes)
    return DatasetSplit(
      train: options.trainLimit.map(split.train.first) ?? split.train,
      test: options.testLimit.map(split.test.first) ?? split.test,
      remarks: split.remarks)
  }
}
