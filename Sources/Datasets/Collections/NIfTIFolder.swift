/// Labelled NIfTI-1 volumes in the layout of the Medical Segmentation Decathlon (Antonelli et al., 2022).
///
/// `imagesTr` holds an image per patient, with its modalities along the fourth axis, `labelsTr` a label map of the same
/// name with classes from 0 on. Each patient is a user.
package struct NIfTIFolder: StudyCollection, Hashable {
  /// How the volumes are sliced.
  package var geometry: SliceGeometry
  /// How many modalities an image has.
  package var modalities: Int
  /// How many classes the label maps tell apart, the background included.
  package var classes: Int

  /// Volumes of the given modalities and classes.
  package init(
    geometry: SliceGeometry = .brats, modalities: Int = 1, classes: Int = 2
  ) {
    precondition(modalities > 0, "\(modalities) modalities")
    precondition((1...65_536).contains(classes), "\(classes) classes")
    self.geometry = geometry
    self.modalities = modalities
    self.classes = classes
  }

  /// The name, "nifti".
  package var name: String { "nifti" }

  func contents(of path: String) throws(DatasetError) -> StudyFolder {
    let folder = try DataFolder(
      dataset: name, path: path,
      remedy: "give a folder with imagesTr and labelsTr, as the Medical Segmentation Decathlon's")
    let images = try DataFolder(
      dataset: name, path: "\(folder.path)/imagesTr", remedy: folder.remedy)
    let names = try images.entries(endingIn: [".nii", ".nii.gz"])
    return StudyFolder(
      folder: folder, studies: names, users: Array(names.indices), userNames: names)
  }

  func study(_ index: Int, of folder: StudyFolder, limit: Int) throws(DatasetError) -> Study {
    let file = folder.studies[index]
    let image = try NIfTIVolume(path: "\(folder.folder.path)/imagesTr/\(file)", limit: limit)
    guard image.extents[3] == modalities else {
      throw .malformed(
        path: image.path, at: "dim", reason: "\(image.extents[3]) modalities, not \(modalities)")
    }
    let map = try NIfTIVolume(path: folder.folder.file("labelsTr/\(file)"), limit: limit)
    let volume = image.values.count / modalities
    return try Study(
      user: folder.users[index],
      modalities: (0..<modalities).map { Array(image.values[$0 * volume..<($0 + 1) * volume]) },
      map: map, extents: Array(image.extents.prefix(3))
    ) { value in
      guard value == value.rounded(), value >= 0, value < Float(classes) else { return nil }
      return UInt16(value)
    }
  }
}
