import Foundation

/// The place where the files of a data set lie.
struct DataFolder {
  /// The data set that is looked for.
  let dataset: String
  /// The folder.
  let path: String
  /// The remedy where something is missing, as a sentence's end.
  let remedy: String

  /// The folder `path`, or the one of the file `path`.
  init(dataset: String, path: String, remedy: String) throws(DatasetError) {
    self.dataset = dataset
    self.remedy = remedy
    var isFolder: ObjCBool = false
    // SAFETY: Foundation writes the flag during the call.
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(dataset: dataset, path: path, remedy: remedy)
    }
    self.path = isFolder.boolValue ? path : (path as NSString).deletingLastPathComponent
  }

  /// The first of `names` that exists, plain or with ".gz" behind, as a path.
  func file(_ names: String...) throws(DatasetError) -> String {
    for name in names {
      if let found = existing(name) { return found }
    }
    throw .missing(dataset: dataset, path: "\(path)/\(names.first ?? "")", remedy: remedy)
  }

  /// The path of `name`, plain or with ".gz" behind; nil where neither exists.
  func existing(_ name: String) -> String? {
    [name, name + ".gz"].map { "\(path)/\($0)" }.first {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  /// The names of the entries that end as one of `endings` says, in code-point order.
  func entries(endingIn endings: [String] = [""]) throws(DatasetError) -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw .unreadable(path: path, reason: "the folder can't be listed")
    }
    return names.filter { name in !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) } }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

extension DataFolder {
  /// True if the entry `name` is itself a folder.
  func isFolder(_ name: String) -> Bool {
    var isFolder: ObjCBool = false
    // SAFETY: Foundation writes the flag during the call.
    let exists = unsafe FileManager.default.fileExists(
      atPath: "\(path)/\(name)", isDirectory: &isFolder)
    return exists && isFolder.boolValue
  }

  /// The file name endings of volumes that can be read.
  static let volumeEndings = [".nii.gz", ".nii", ".hdr", ".hdr.gz"]

  /// The name of a volume without its ending; nil if it has none of a volume's.
  static func volumeStem(_ name: String) -> String? {
    volumeEndings.first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
  }

  /// The path of the volume called `stem`, whatever its ending; nil if there is none.
  func volume(_ stem: String) throws(DatasetError) -> String? {
    let found = Self.volumeEndings.map { "\(path)/\(stem)\($0)" }.filter(ByteFile.isThere)
    guard found.count < 2 else {
      throw .unsupported(
        path: found[0], reason: "\(found[1]) is there as well; leave one of the two")
    }
    return found.first
  }

  /// The files of the volume at `path`: itself, and with a header of a pair the voxels beside it.
  static func parts(_ path: String) -> [String] {
    guard path.hasSuffix(".hdr") || path.hasSuffix(".hdr.gz") else { return [path] }
    let stem = path.dropLast(path.hasSuffix(".gz") ? 7 : 4)
    return [path] + [".img", ".img.gz"].map { stem + $0 }.filter(ByteFile.isThere)
  }
}
