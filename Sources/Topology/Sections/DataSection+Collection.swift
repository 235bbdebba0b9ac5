import Datasets
import Tensors

extension DataSection {
  /// Reads what can be chosen about some of the data sets; a key that the data set `name` hasn't is
  /// a fault.
  static func options(
    _ keys: inout KeyReader, of name: String?
  ) -> DatasetLoader.Options {
    var options = DatasetLoader.Options()
    let volumes = ["icbm152", "brats", "nifti"]
    let standard = standardSlices(of: name)
    options.slices = keys.optional("slices") { $0.keys { slices(&$0, standard: standard) } }
    options.sites = keys.value("sites", default: options.sites) { $0.whole(1...10_000) }
    options.siteSeed = keys.value("siteSeed", default: options.siteSeed) { $0.seed() }
    options.modalities = keys.value("modalities", default: options.modalities) {
      $0.whole(1...64)
    }
    // Of BraTS only the resection cavity may be a class or not.
    options.classes = keys.value("classes", default: options.classes) {
      $0.whole(name == "brats" ? 4...5 : 2...65_536)
    }
    options.synthetic =
      keys.optional("synthetic") { $0.keys { synthetic(&$0) } } ?? options.synthetic
    let homes = [
      ("slices", volumes), ("sites", ["icbm152"]), ("siteSeed", ["icbm152"]),
      ("modalities", ["nifti"]), ("classes", ["brats", "nifti"]), ("synthetic", ["synthetic"]),
    ]
    for (key, names) in homes {
      guard let name, keys.has(key), !names.contains(name) else { continue }
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing to \(name)",
        remedy: "remove it; it goes with \(Cursor.list(names))")
    }
    return options
  }

  /// The keys of what can be chosen about data sets.
  static let optionKeys = ["slices", "sites", "siteSeed", "modalities", "classes", "synthetic"]

  /// The slicing of a data set's volumes unless the file says otherwise.
  static func standardSlices(of name: String?) -> SliceGeometry {
    name == "icbm152" ? .icbm152 : .brats
  }

  /// `{rows: 112, columns: 96, step: 2, every: 1}`.
  static func slices(
    _ keys: inout KeyReader, standard: SliceGeometry
  ) -> SliceGeometry {
    SliceGeometry(
      rows: keys.value("rows", default: standard.rows) { $0.whole(1...4096) },
      columns: keys.value("columns", default: standard.columns) { $0.whole(1...4096) },
      step: keys.value("step", default: standard.step) { $0.whole(1...64) },
      every: keys.value("every", default: standard.every) { $0.whole(1...1024) })
  }

  /// `{shape: [3, 32, 32], classes: 100, train: 5000, test: 1000, masks: false}`.
  private static func synthetic(_ keys: inout KeyReader) -> SyntheticImages {
    var images = SyntheticImages()
    images.input = keys.value("shape", default: images.input) { list in
      let remedy = "write channels, rows and columns, as in [3, 32, 32]"
      let extents = list.elements("a list of extents", remedy: remedy, atMost: 100)?
        .map { $0.whole(1...4096) }
      guard let extents, !extents.contains(nil) else { return nil as Shape? }
      guard extents.count == 3 else {
        list.report("has \(extents.count) extents", remedy: remedy)
        return nil
      }
      return Shape(extents.compactMap { $0 })
    }
    images.classes = keys.value("classes", default: images.classes) { $0.whole(2...65_536) }
    images.trainCount = keys.value("train", default: images.trainCount) { $0.whole(1...10_000_000) }
    images.testCount = keys.value("test", default: images.testCount) { $0.whole(1...10_000_000) }
    images.isSegmentation = keys.value("masks", default: images.isSegmentation) { $0.flag() }
    images.seed = keys.value("seed", default: images.seed) { $0.seed() }
    return images
  }
}
