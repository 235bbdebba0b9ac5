/// The Brain Tumour Segmentation challenge's training data (Menze et al., 2015), as its archives unpack.
///
/// A folder per patient holds a FLAIR, T1, contrast-enhanced T1, T2 and label volume, named as in 2017–2021
/// ("…_flair.nii.gz") or since 2023 ("…-t2f.nii.gz"). Classes: background, necrotic core, oedema, enhancing tumour,
/// which the older label maps call 4. Where the folder has the FeTS challenge's `partitioning_1.csv`, its sites are
/// the users; else each patient is.
package struct BraTS: StudyCollection, Hashable {
  /// How the volumes are sliced.
  package var geometry: SliceGeometry

  /// The data sliced by `geometry`.
  package init(geometry: SliceGeometry = .brats) {
    self.geometry = geometry
  }

  /// The name, "brats".
  package var name: String { "brats" }
  /// Background and three kinds of tumour tissue.
  package var classes: Int { 4 }
  /// FLAIR, T1, contrast-enhanced T1, T2.
  var modalities: Int { 4 }
  /// The challenge's three regions, each inside the one before.
  var regions: [LabelRegion]? {
    [
      LabelRegion("whole tumour", [1, 2, 3]), LabelRegion("tumour core", [1, 3]),
      LabelRegion("enhancing tumour", [3]),
    ]
  }

  /// The endings of a patient's five files: modalities in the channels' order, then the labels.
  private static let endings = [
    ["_flair", "-t2f"], ["_t1", "-t1n"], ["_t1ce", "-t1c"], ["_t2", "-t2w"], ["_seg", "-seg"],
  ]

  func contents(of path: String) throws(DatasetError) -> StudyFolder {
    let folder = try DataFolder(
      dataset: name, path: path,
      remedy: "ask https://www.synapse.org/brats for the training data and give its folder as path")
    var patients: [String] = []
    for entry in try folder.entries() where folder.isFolder(entry) { patients.append(entry) }
    guard let sites = try folder.table("partitioning_1.csv", columns: 2) else {
      return StudyFolder(
        folder: folder, studies: patients, users: Array(patients.indices), userNames: patients)
    }
    let siteOf = Dictionary(sites.map { ($0[1], $0[0]) }, uniquingKeysWith: { first, _ in first })
    let siteNames = Set(siteOf.values).sorted()
    var users: [Int] = []
    for patient in patients {
      guard let site = siteOf[patient], let user = siteNames.firstIndex(of: site) else {
        throw .malformed(
          path: "\(path)/partitioning_1.csv", at: "table", reason: "\(patient) isn't in it")
      }
      users.append(user)
    }
    return StudyFolder(folder: folder, studies: patients, users: users, userNames: siteNames)
  }

  func study(_ index: Int, of folder: StudyFolder, limit: Int) throws(DatasetError) -> Study {
    let patient = folder.studies[index]
    var volumes: [NIfTIVolume] = []
    for endings in Self.endings {
      let names = endings.map { "\(patient)/\(patient)\($0).nii" }
      let volume = try NIfTIVolume(path: folder.folder.file(names[0], names[1]), limit: limit)
      if let first = volumes.first { try volume.checkExtents(like: first) }
      volumes.append(volume)
    }
    return try Study(
      user: folder.users[index], modalities: volumes.prefix(4).map(\.values), map: volumes[4],
      extents: Array(volumes[0].extents.prefix(3))
    ) { value in
      switch value {
      case 0, 1, 2, 3: UInt16(value)
      case 4: 3
      default: nil
      }
    }
  }
}
