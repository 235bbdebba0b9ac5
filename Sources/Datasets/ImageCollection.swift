package import Tensors

/// A known collection of labelled images: what it holds can be said before its files are read.
package protocol ImageCollection: Sendable {
  /// The name, as a topology spells it.
  var name: String { get }
  /// The shape of one image, `[C, H, W]`.
  var input: Shape { get }
  /// How many classes there are.
  var classes: Int { get }
  /// Whether each pixel has its own label.
  var isSegmentation: Bool { get }
  /// What is done to intensities before a network sees them.
  var normalization: Normalization { get }
  /// What the paper does to its training images; nothing where it says so or doesn't use the collection.
  var augmentation: Augmentation { get }

  /// Reads both splits.
  ///
  /// - Parameters:
  ///   - path: The folder, or one of the files in it; nil for where a package would have installed them.
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
