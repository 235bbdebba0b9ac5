import Foundation

/// The folder of one study of the Brain Tumour Segmentation challenge.
struct BraTSStudy {
  /// The conventions by which a release names its files and numbers its labels.
  enum Naming: CaseIterable {
    /// "…_flair", and label 4 for the enhancing tumour.
    case until2021
    /// "…-t2f", and label 3 for the enhancing tumour; since 2024, 4 for the resection cavity.
    case since2023

    /// The endings of a study's five files: modalities in the channels' order, then the labels.
    var endings: [String] {
      switch self {
      case .until2021: ["_flair", "_t1", "_t1ce", "_t2", "_seg"]
      case .since2023: ["-t2f", "-t1n", "-t1c", "-t2w", "-seg"]
      }
    }

    /// The remedy where a label is none of the release's.
    var remedy: String {
      switch self {
      case .until2021:
        "up to 2021 labels are 0, 1, 2 and 4; where 3 stands for the enhancing tumour, write it as 4 "
          + "or name the files as since 2023"
      case .since2023: "since 2023 labels are 0 to 3, and 4 for the resection cavity"
      }
    }
  }

  /// Its path from the data set's folder on.
  let path: String
  /// The convention by which its files are named.
  let naming: Naming
  /// The names of its files.
  private let entries: [String]

  /// The study in `path` of `folder`.
  init(_ path: String, in folder: DataFolder) throws(DatasetError) {
    let place = try DataFolder(
      dataset: folder.dataset, path: "\(folder.path)/\(path)", remedy: folder.remedy)
    self.init(path, entries: try place.entries())
  }

  private init(_ path: String, entries: [String]) {
    self.path = path
    self.entries = entries
    let stems = entries.compactMap(DataFolder.volumeStem)
    func known(_ naming: Naming) -> Int {
      stems.count { stem in naming.endings.contains { stem.hasSuffix($0) } }
    }
    naming = known(.since2023) > known(.until2021) ? .since2023 : .until2021
  }

  /// The name of its folder, with which its files begin.
  var name: String { (path as NSString).lastPathComponent }

  /// The folder that it lies in, from the data set's on, with a slash at its end; nothing for that
  /// itself.
  var parent: String { String(path.dropLast(name.count)) }

  /// The folders that it lies in, the innermost first, each with a slash at its end.
  var parents: [String] {
    let steps = parent.split(separator: "/")
    return steps.indices.reversed().map { steps[...$0].joined(separator: "/") + "/" }
  }

  /// Whose study it is.
  var patient: String { Self.patient(inFolder: name) }

  /// Whose study lies in a folder called `name`: since 2023 it ends in the number of the patient's
  /// visit, "BraTS-GLI-00005-100".
  static func patient(inFolder name: String) -> String {
    guard let match = name.wholeMatch(of: /(BraTS-[A-Za-z]+-\d+)-\d{3}/) else { return name }
    return String(match.1)
  }

  /// The patient with the folder that it lies in.
  var patientPath: String { parent + patient }

  /// The paths of its five files, modalities first.
  func files(in folder: DataFolder) throws(DatasetError) -> [String] {
    try naming.endings.map { (ending) throws(DatasetError) in
      guard let file = try folder.volume("\(path)/\(name)\(ending)") else {
        throw .missing(dataset: folder.dataset, path: missing(ending, in: folder), remedy: held)
      }
      return file
    }
  }

  private func missing(_ ending: String, in folder: DataFolder) -> String {
    "\(folder.path)/\(path)/\(name)\(ending).nii.gz"
  }

  /// The files that are there instead of a missing one.
  private var held: String {
    let some = entries.prefix(6).joined(separator: ", ") + (entries.count > 6 ? ", …" : "")
    return "complete the study or take its folder away; "
      + (entries.isEmpty ? "it is empty" : "in it are \(some)")
  }
}

extension BraTSStudy {
  /// The studies in `folder` and at most three levels below, in the order of their names.
  ///
  /// A folder with volumes is one; where there is one, so are the empty folders beside it, for
  /// somebody to complete.
  static func find(in folder: DataFolder) throws(DatasetError) -> [BraTSStudy] {
    try find(in: folder, below: "", levels: 3)
  }

  private static func find(
    in folder: DataFolder, below parent: String, levels: Int
  ) throws(DatasetError) -> [BraTSStudy] {
    let place = try DataFolder(
      dataset: folder.dataset, path: "\(folder.path)/\(parent)", remedy: folder.remedy)
    var (studies, empty): ([BraTSStudy], [BraTSStudy]) = ([], [])
    for name in try place.entries() where place.isFolder(name) && name != "__MACOSX" {
      let path = parent + name
      let inside = try DataFolder(
        dataset: folder.dataset, path: "\(folder.path)/\(path)", remedy: folder.remedy)
      let entries = try inside.entries()
      if entries.contains(where: { DataFolder.volumeStem($0) != nil }) {
        studies.append(BraTSStudy(path, entries: entries))
      } else if !entries.contains(where: inside.isFolder) {
        empty.append(BraTSStudy(path, entries: entries))
      } else if levels > 0 {
        studies += try find(in: folder, below: path + "/", levels: levels - 1)
      }
    }
    let hasOwn = studies.contains { $0.parent == parent }
    return hasOwn
      ? (studies + empty).sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
      : studies
  }

  /// Refuses studies that lack files, naming the first and how many others there are.
  static func checkComplete(
    _ studies: [BraTSStudy], in folder: DataFolder
  ) throws(DatasetError) {
    var incomplete: [(study: BraTSStudy, endings: [String])] = []
    for study in studies {
      var endings: [String] = []
      for ending in study.naming.endings
      where try folder.volume("\(study.path)/\(study.name)\(ending)") == nil {
        endings.append(ending)
      }
      if !endings.isEmpty { incomplete.append((study, endings)) }
    }
    guard let (study, endings) = incomplete.first else { return }
    let also = endings.dropFirst().map { study.name + $0 }.joined(separator: ", ")
    let others = incomplete.dropFirst().prefix(5).map(\.study.path).joined(separator: ", ")
    let count = incomplete.count - 1
    throw .missing(
      dataset: folder.dataset, path: study.missing(endings[0], in: folder),
      remedy: (also.isEmpty ? "" : "nor are \(also); ") + study.held
        + (others.isEmpty
          ? ""
          : "; \(count == 1 ? "another study lacks" : "\(count) others lack") files too: \(others)")
    )
  }
}
