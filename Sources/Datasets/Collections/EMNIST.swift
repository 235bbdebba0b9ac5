package import Tensors

/// EMNIST (Cohen et al., 2017): handwritten characters of NIST's Special Database 19 in one of six
/// variants.
///
/// The MATLAB files say who wrote each character, and are preferred; the IDX files don't.
package struct EMNIST: ImageCollection, Hashable {
  /// The split, with its classes and samples; the raw value is the name in its files.
  package enum Variant: String, CaseIterable, Hashable, Sendable {
    /// Digits, capital and small letters, as often as they were written: 62 classes.
    case byClass = "byclass"
    /// As ``byClass``, with small letters that look like capitals counted as these: 47 classes.
    case byMerge = "bymerge"
    /// The classes of ``byMerge``, equally often.
    case balanced
    /// Letters, capital and small alike: 26 classes.
    case letters
    /// Digits: 10 classes.
    case digits
    /// Digits in MNIST's numbers.
    case mnist

    /// The number of classes.
    package var classes: Int {
      switch self {
      case .byClass: 62
      case .byMerge, .balanced: 47
      case .letters: 26
      case .digits, .mnist: 10
      }
    }

    /// The first class's number in the files.
    var firstLabel: Int { self == .letters ? 1 : 0 }
  }

  /// The variant.
  package var variant: Variant

  /// The variant `variant`.
  package init(_ variant: Variant) { self.variant = variant }

  /// The name: "emnist-byclass", and so on.
  package var name: String { "emnist-\(variant.rawValue)" }
  /// Grey images of 28 × 28.
  package var input: Shape { [1, 28, 28] }
  /// The number of the variant's classes.
  package var classes: Int { variant.classes }
  /// MNIST's, as is customary.
  package var normalization: Normalization { .mnist }

  /// Reads both splits from `path`: `emnist-….mat` where that lies there, else the four IDX files.
  package func load(path: String?, limit: Int) throws(DatasetError) -> DatasetSplit {
    let remedy =
      "fetch the MATLAB or the binary format from "
      + "https://www.nist.gov/itl/products-and-services/emnist-dataset, "
      + "unpack it and give its folder as path"
    guard let path else {
      throw .missing(dataset: name, path: nil, remedy: remedy)
    }
    let folder = try DataFolder(dataset: name, path: path, remedy: remedy)
    if let file = folder.existing("\(name).mat") {
      return try EMNISTTable.split(of: self, file: file, limit: limit)
    }
    return try IDXCollection(
      name: name, classes: classes, normalization: normalization, firstLabel: variant.firstLabel,
      isTransposed: true, prefixes: ("\(name)-train", "\(name)-test"), standardPath: nil,
      remedy: remedy
    ).load(path: path, limit: limit)
  }
}
