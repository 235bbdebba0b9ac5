package import Measures
package import Tensors

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

  /// Reads the collection called `name` from `path`, or from where a package would have installed
  /// it.
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

extension DatasetLoader {
  /// The limits of reading, and the choices that some of the collections offer.
  package struct Options: Sendable {
    /// The most training samples to keep; nil keeps all.
    package var trainLimit: Int?
    /// The most test samples to keep; nil keeps all.
    package var testLimit: Int?
    /// The most bytes that one file may unpack to, and that the slices of volumes may take.
    package var fileLimit: ByteCount
    /// The images of "synthetic".
    package var synthetic: SyntheticImages
    /// The slicing of the volumes of "icbm152", "brats" and "nifti"; nil leaves it to the
    /// collection.
    package var slices: SliceGeometry?
    /// The number of sites of "icbm152".
    package var sites: Int
    /// The seed of the sites' distortions of "icbm152".
    package var siteSeed: UInt64
    /// The number of modalities of the images of "nifti".
    package var modalities: Int
    /// The number of classes of the label maps of "nifti", the background included; 5 for
    /// "brats" makes one of the resection cavity.
    package var classes: Int

    /// Options with safe defaults.
    package init(
      trainLimit: Int? = nil, testLimit: Int? = nil, fileLimit: ByteCount = ByteCount(1 << 31),
      synthetic: SyntheticImages = SyntheticImages(), slices: SliceGeometry? = nil,
      sites: Int = 10, siteSeed: UInt64 = 0, modalities: Int = 1, classes: Int = 2
    ) {
      self.trainLimit = trainLimit
      self.testLimit = testLimit
      self.fileLimit = fileLimit
      self.synthetic = synthetic
      self.slices = slices
      self.sites = sites
      self.siteSeed = siteSeed
      self.modalities = modalities
      self.classes = classes
    }
  }
}

/// A known collection of labelled images: what it holds can be said before its files are read.
package protocol ImageCollection: Sendable {
  /// The name, as a topology spells it.
  var name: String { get }
  /// The shape of one image, `[C, H, W]`.
  var input: Shape { get }
  /// The number of classes.
  var classes: Int { get }
  /// True if each pixel has its own label.
  var isSegmentation: Bool { get }
  /// The normalization of intensities before a network sees them.
  var normalization: Normalization { get }
  /// The paper's augmentation of the training images; none where it has none or doesn't use the
  /// collection.
  var augmentation: Augmentation { get }

  /// Reads both splits.
  ///
  /// - Parameters:
  ///   - path: The folder, or one of the files in it; nil for the place of an installed package.
  ///   - limit: The most bytes that one file may unpack to.
  /// - Returns: The training and the test samples.
  /// - Throws: `DatasetError`, which names the file.
  func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit
}

extension ImageCollection {
  /// One label per image.
  package var isSegmentation: Bool { false }
  /// Images as they are.
  package var augmentation: Augmentation { .none }
}
