/// The Brain Tumour Segmentation challenge's training data (Menze et al., 2015), as its archives
/// unpack.
///
/// A folder per study holds a FLAIR, T1, contrast-enhanced T1, T2 and label volume, named as in
/// 2017–2021 ("…_flair.nii.gz") or since 2023 ("…-t2f.nii.gz"). The folders lie in the one that is
/// given or some below, as HGG and LGG do. Classes: background, necrotic core, oedema, enhancing
/// tumour. Where the FeTS challenge's `partitioning_1.csv` lies beside the folders, its sites are
/// the users; else each patient is, with all studies.
package struct BraTS: StudyCollection, Hashable {
  /// The slicing of the volumes.
  package var geometry: SliceGeometry
  /// True if the resection cavity, which the releases since 2024 label, is a class of its own; else
  /// it is background.
  package var hasCavity: Bool

  /// The data sliced by `geometry`.
  package init(geometry: SliceGeometry = .brats, hasCavity: Bool = false) {
    self.geometry = geometry
    self.hasCavity = hasCavity
  }

  /// The name, "brats".
  package var name: String { "brats" }
  /// Background and three kinds of tumour tissue, and the resection cavity if that is one.
  package var classes: Int { hasCavity ? 5 : 4 }
  /// FLAIR, T1, contrast-enhanced T1, T2.
  var modalities: Int { 4 }
  /// The challenge's three regions, each inside the one before, and the cavity if that is a class.
  var regions: [LabelRegion]? {
    [
      LabelRegion("whole tumour", [1, 2, 3]), LabelRegion("tumour core", [1, 3]),
      LabelRegion("enhancing tumour", [3]),
    ] + (hasCavity ? [LabelRegion("resection cavity", [4])] : [])
  }

  func contents(of path: String) throws(DatasetError) -> StudyFolder {
    let folder = try DataFolder(
      dataset: name, path: path,
      remedy: "ask https://www.synapse.org/brats for the training data and give its folder as path")
    let studies = try BraTSStudy.find(in: folder)
    guard !studies.isEmpty else {
      throw .malformed(
        path: path, at: "folder", reason: "no folder in it holds a patient's volumes",
        remedy: "give the folder in which the archive's patients lie, or HGG and LGG")
    }
    try BraTSStudy.checkComplete(studies, in: folder)
    let names = Set(studies.map(\.patient)).count == Set(studies.map(\.patientPath)).count
    let patients = studies.map { names ? $0.patient : $0.patientPath }
    var patientNames: [String] = []
    for patient in patients where patient != patientNames.last { patientNames.append(patient) }
    let numbers = Dictionary(
      zip(patientNames, patientNames.indices), uniquingKeysWith: { first, _ in first })
    let places = patients.map { numbers[$0] ?? 0 }
    let paths = studies.map(\.path)
    guard let sites = try sites(of: studies, in: folder) else {
      return StudyFolder(
        folder: folder, studies: paths, patients: places, users: places, userNames: patientNames)
    }
    let siteNames = Set(sites).sorted()
    return StudyFolder(
      folder: folder, studies: paths, patients: places,
      users: sites.map { siteNames.firstIndex(of: $0) ?? 0 }, userNames: siteNames)
  }

  /// The site of each study, by the table of the FeTS challenge; nil where there is none.
  private func sites(
    of studies: [BraTSStudy], in folder: DataFolder
  ) throws(DatasetError) -> [String]? {
    let table = "partitioning_1.csv"
    let parents = [""] + studies.flatMap(\.parents)
    guard let file = parents.lazy.compactMap({ folder.existing($0 + table) }).first else {
      return nil
    }
    let rows = try CSVTable(path: file)
    let columns = (
      site: rows.column("Partition_ID") ?? (rows.heading.count == 2 ? 0 : nil),
      subject: rows.column("Subject_ID") ?? (rows.heading.count == 2 ? 1 : nil)
    )
    guard let site = columns.site, let subject = columns.subject, site != subject else {
      throw .malformed(
        path: file, at: "line 1", reason: "no columns Partition_ID and Subject_ID",
        remedy: "name them so in the heading")
    }
    var siteOf: [String: String] = [:]
    for row in rows.rows {
      if let other = siteOf.updateValue(row.cells[site], forKey: row.cells[subject]),
        other != row.cells[site]
      {
        throw .malformed(
          path: file, at: "line \(row.line)",
          reason: "\(row.cells[subject]) has another site above",
          remedy: "give each patient one row")
      }
    }
    return try studies.map { (study) throws(DatasetError) in
      guard let site = siteOf[study.name] ?? siteOf[study.patient] else {
        throw .malformed(
          path: file, at: "Subject_ID", reason: "\(study.name) isn't in it",
          remedy: "add a row for it, or take the table away: then each patient is a user")
      }
      return site
    }
  }

  func files(_ index: Int, of folder: StudyFolder) throws(DatasetError) -> [String] {
    try BraTSStudy(folder.studies[index], in: folder.folder).files(in: folder.folder)
      .flatMap(DataFolder.parts)
  }

  func study(_ index: Int, of folder: StudyFolder, limit: Int) throws(DatasetError) -> Study {
    let study = try BraTSStudy(folder.studies[index], in: folder.folder)
    var volumes: [NIfTIVolume] = []
    for file in try study.files(in: folder.folder) {
      let volume: NIfTIVolume
      if let first = volumes.first {
        volume = try NIfTIVolume(path: file, limit: limit, like: first)
      } else {
        volume = try NIfTIVolume(path: file, limit: limit)
      }
      try volume.checkSingle()
      volumes.append(volume)
    }
    let (map, naming) = (volumes[4], study.naming)
    let hidesCavity =
      naming == .since2023 && !hasCavity && map.values.contains { map.whole($0) == 4 }
    return try Study(
      user: folder.users[index], modalities: volumes.prefix(4).map(\.values), map: map,
      remedy: naming.remedy,
      remark: hidesCavity
        ? "label 4, the resection cavity, counts as background; data.classes: 5 makes it a class"
        : nil
    ) { label in
      switch (naming, label) {
      case (_, 0...2): UInt16(label)
      case (.until2021, 4), (.since2023, 3): 3
      case (.since2023, 4): hasCavity ? 4 : 0
      default: nil
      }
    }
  }
}
