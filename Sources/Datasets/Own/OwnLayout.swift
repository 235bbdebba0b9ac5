import Foundation
import Tensors

/// The kind of data at a path, told by looking.
enum OwnLayout {
  /// A data set of the readers' own, with training and test samples.
  case collection(any ImageCollection)
  /// Samples for training, and for testing where files or folders say so.
  case parts(training: OwnPart, testing: OwnPart?)

  /// The layout of what lies at `path`.
  init(path: String, format: SampleFormat) throws(DatasetError) {
    let folder = try DataFolder(
      dataset: "own data", path: path, remedy: "give the path of a folder or file with samples")
    guard folder.path == path else {
      self = try Self.file(path)
      return
    }
    let entries = try folder.entries().filter { !PictureFolder.clutter.contains($0) }
    guard !entries.isEmpty else { throw .noSamples(path: path) }
    if let collection = Self.collection(in: folder, entries: entries, format: format) {
      self = .collection(collection)
      return
    }
    let folders = entries.filter(folder.isFolder)
    if folders.contains("train"), try !Self.isClass("train", in: folder) {
      if let other = entries.first(where: { $0 != "train" && $0 != "test" }) {
        throw .malformed(
          path: "\(path)/\(other)", at: "entry", reason: "this lies beside train and test",
          remedy: "move its samples into one of the two, or take it away")
      }
      self = .parts(
        training: try OwnPart(path: "\(path)/train"),
        testing: folders.contains("test") ? try OwnPart(path: "\(path)/test") : nil)
      return
    }
    do {
      let files = entries.filter { $0.hasSuffix(".npz") }
      if files.count == 1, files == entries {
        self = try Self.file("\(path)/\(files[0])")
        return
      }
    }
    if let training = OwnPart(files: folder, splits: ["train"]) {
      self = .parts(
        training: training, testing: OwnPart(files: folder, splits: ["test", "t10k"]))
      return
    }
    self = .parts(training: try OwnPart(path: path), testing: nil)
  }

  private static func file(_ path: String) throws(DatasetError) -> OwnLayout {
    let name = path.lowercased()
    if name.hasSuffix(".npz") {
      let names = try ZipArchive(path: path, limit: OwnSamples.standardLimit).entries.map(\.name)
      if let training = OwnPart(archive: path, names: names, splits: ["train"]) {
        return .parts(
          training: training, testing: OwnPart(archive: path, names: names, splits: ["test"]))
      }
      if let whole = OwnPart(archive: path, names: names, splits: [""]) {
        return .parts(training: whole, testing: nil)
      }
      throw .malformed(
        path: path, at: "entries",
        reason: "no samples and labels among \(names.prefix(8).joined(separator: ", "))",
        remedy: "call them x and y, or x_train, y_train, x_test and y_test")
    }
    if OwnPart.isTable(name) { return .parts(training: .tables([path]), testing: nil) }
    throw .unsupported(path: path, reason: OwnPart.remedy)
  }

  /// True if the folder `name` holds pictures itself, as a class called so does.
  private static func isClass(_ name: String, in folder: DataFolder) throws(DatasetError) -> Bool {
    let inside = try DataFolder(
      dataset: "own data", path: "\(folder.path)/\(name)", remedy: folder.remedy)
    let entries = try inside.entries()
    return entries.contains(where: OwnPart.isPicture) && !entries.contains(where: inside.isFolder)
  }

  /// A collection whose own reader knows the files of `folder`.
  private static func collection(
    in folder: DataFolder, entries: [String], format: SampleFormat
  ) -> (any ImageCollection)? {
    func has(_ name: String) -> Bool { folder.existing(name) != nil }
    if has("data_batch_1.bin") { return CIFARCollection.cifar10 }
    if has("train.bin"), has("test.bin") { return CIFARCollection.cifar100 }
    for variant in EMNIST.Variant.allCases {
      let name = EMNIST(variant).name
      if has("\(name).mat") || entries.contains(where: { $0.hasPrefix("\(name)-train-images") }) {
        return EMNIST(variant)
      }
    }
    if has("mni_icbm152_t1_tal_nlin_sym_09a_converted.nii") { return ICBM152() }
    if folder.isFolder("train"),
      let files = try? DataFolder(
        dataset: "own data", path: "\(folder.path)/train", remedy: folder.remedy
      ).entries(endingIn: [".json", ".json.gz"]), !files.isEmpty
    {
      return LEAF()
    }
    if !entries.contains("imagesTr"), !folder.isFolder("train"),
      let studies = try? BraTSStudy.find(in: folder), !studies.isEmpty
    {
      return BraTS(reading: format)
    }
    return nil
  }
}

/// Files of one kind that belong together, not yet read.
enum OwnPart {
  /// Pictures in a folder per class.
  case pictures(String)
  /// Pictures with pictures of labels.
  case masks(String)
  /// Tables under one heading.
  case tables([String])
  /// NumPy arrays in two files.
  case arrays(samples: String, labels: String)
  /// NumPy arrays in two entries of an archive.
  case archive(String, samples: String, labels: String)
  /// Images and labels in IDX files.
  case idx(images: String, labels: String)
  /// Volumes with label maps.
  case studies(String)
  /// Folders of the Brain Tumour Segmentation challenge.
  case brats(String)

  /// The words for what can be read.
  static let remedy =
    "nothing that is read here; give a folder with a folder of PNG or JPEG pictures per class, "
    + "images/ and labels/, x.npy and y.npy, an .npz, .csv or .tsv file, IDX files, "
    + "imagesTr/ and labelsTr/, or a known data set"

  private static let sampleNames = ["x", "images", "data", "samples"]
  private static let labelNames = ["y", "labels", "targets"]

  static func isPicture(_ name: String) -> Bool {
    [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
  }

  static func isTable(_ name: String) -> Bool {
    [".csv", ".tsv", ".csv.gz", ".tsv.gz"].contains { name.lowercased().hasSuffix($0) }
  }

  /// The part that fills the folder at `path`.
  init(path: String) throws(DatasetError) {
    let folder = try DataFolder(dataset: "own data", path: path, remedy: Self.remedy)
    let entries = try folder.entries().filter { !PictureFolder.clutter.contains($0) }
    if folder.isFolder("imagesTr") {
      self = .studies(path)
    } else if folder.isFolder("images"), folder.isFolder("labels") {
      self = .masks(path)
    } else if let files = OwnPart(files: folder, splits: [""]) {
      self = files
    } else if !entries.isEmpty, entries.allSatisfy(Self.isTable) {
      self = .tables(entries.map { "\(path)/\($0)" })
    } else if entries.count == 1, entries[0].hasSuffix(".npz"),
      let names = try? ZipArchive(
        path: "\(path)/\(entries[0])", limit: OwnSamples.standardLimit
      ).entries.map(\.name),
      let part = OwnPart(archive: "\(path)/\(entries[0])", names: names, splits: [""])
    {
      self = part
    } else if let studies = try? BraTSStudy.find(in: folder), !studies.isEmpty {
      self = .brats(path)
    } else if entries.isEmpty || entries.contains(where: folder.isFolder)
      || entries.contains(where: Self.isPicture)
    {
      self = .pictures(path)
    } else {
      throw .unsupported(
        path: path, reason: "\(entries.prefix(5).joined(separator: ", ")): " + Self.remedy)
    }
  }

  /// The arrays, IDX files or table of one of `splits` in `folder`; nil where there are none.
  init?(files folder: DataFolder, splits: [String]) {
    for split in splits {
      let idx = ["-images-idx3-ubyte", "-images.idx3-ubyte"].lazy
        .compactMap { folder.existing("\(split)\($0)") }.first
      let labels = ["-labels-idx1-ubyte", "-labels.idx1-ubyte"].lazy
        .compactMap { folder.existing("\(split)\($0)") }.first
      if let idx, let labels {
        self = .idx(images: idx, labels: labels)
        return
      }
      func find(_ names: [String]) -> String? {
        Self.variants(of: names, split: split).map { "\(folder.path)/\($0).npy" }
          .first(where: ByteFile.isThere)
      }
      if let samples = find(Self.sampleNames), let labels = find(Self.labelNames) {
        self = .arrays(samples: samples, labels: labels)
        return
      }
      if !split.isEmpty,
        let table = [".csv", ".tsv"].lazy.compactMap({ folder.existing("\(split)\($0)") }).first
      {
        self = .tables([table])
        return
      }
    }
    return nil
  }

  /// The arrays of one of `splits` in an archive with entries called `names`.
  init?(archive path: String, names: [String], splits: [String]) {
    for split in splits {
      func find(_ candidates: [String]) -> String? {
        Self.variants(of: candidates, split: split).map { "\($0).npy" }.first(where: names.contains)
      }
      guard let samples = find(Self.sampleNames), let labels = find(Self.labelNames) else {
        continue
      }
      self = .archive(path, samples: samples, labels: labels)
      return
    }
    return nil
  }

  private static func variants(of names: [String], split: String) -> [String] {
    names.flatMap { split.isEmpty ? [$0] : ["\($0)_\(split)", "\(split)_\($0)"] }
  }

  /// Opens the part's files, of which each may take `limit` bytes.
  func open(_ format: SampleFormat, limit: Int) throws(DatasetError) -> any OwnSource {
    switch self {
    case .pictures(let path): return try PictureFolder(path: path, format: format)
    case .masks(let path): return try MaskFolder(path: path)
    case .tables(let paths): return try NumberTable(paths: paths, format: format, limit: limit)
    case .idx(let images, let labels):
      return try IDXPair(images: images, labels: labels, limit: limit)
    case .studies(let path): return try StudyFiles(path: path, format: format, limit: limit)
    case .brats(let path): return try StudyFiles(brats: path, format: format, limit: limit)
    case .arrays(let samples, let labels):
      return try ArrayPair(
        samples: NPYArray(samplesAt: samples, limit: limit),
        labels: NPYArray(RandomFile.contents(of: labels, limit: limit), path: labels),
        format: format)
    case .archive(let path, let samples, let labels):
      let archive = try ZipArchive(path: path, limit: limit)
      func array(_ name: String) throws(DatasetError) -> NPYArray {
        guard let entry = archive.entries.first(where: { $0.name == name }) else {
          throw .missing(dataset: "own data", path: "\(path)/\(name)", remedy: Self.remedy)
        }
        return try NPYArray(archive.contents(of: entry), path: "\(path)/\(name)")
      }
      return try ArrayPair(samples: array(samples), labels: array(labels), format: format)
    }
  }
}
