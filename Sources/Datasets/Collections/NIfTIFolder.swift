/// Labelled NIfTI-1 volumes in the layout of the Medical Segmentation Decathlon (Antonelli et al.,
/// 2022).
///
/// `imagesTr` holds an image per patient, with its modalities along the fourth axis, `labelsTr` a
/// label map of the same name, whatever the ending, with classes from 0 on. Each patient is a user.
/// Axes are brought into one order by what the files say of their space; voxels that say NaN are 0.
package struct NIfTIFolder: StudyCollection, Hashable {
  /// The slicing of the volumes.
  package var geometry: SliceGeometry
  /// The number of modalities of an image.
  package var modalities: Int
  /// The number of classes of the label maps, the background included.
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
    let files = try images.entries()
    var names: [String] = []
    for file in files {
      // A pair's header stands for both of its files.
      guard let stem = DataFolder.volumeStem(file) else { continue }
      if !names.contains(stem) { names.append(stem) }
    }
    guard !names.isEmpty else {
      let some = files.prefix(3).joined(separator: ", ")
      throw .malformed(
        path: images.path, at: "folder",
        reason: "no volume is in it (\(files.isEmpty ? "nothing" : some))",
        remedy: "convert the images to NIfTI-1, which .nii, .nii.gz and .hdr with .img are")
    }
    var unlabelled: [String] = []
    for stem in names where try folder.volume("labelsTr/\(stem)") == nil { unlabelled.append(stem) }
    if let first = unlabelled.first {
      let others =
        unlabelled.count > 1 ? "; of \(names.count) images \(unlabelled.count) have none" : ""
      throw .missing(
        dataset: name, path: "\(folder.path)/labelsTr/\(first).nii.gz",
        remedy: "give each image a label map of the same name, and an image of several modalities "
          + "a fourth axis\(others)")
    }
    return StudyFolder(
      folder: folder, studies: names, patients: Array(names.indices), users: Array(names.indices),
      userNames: names)
  }

  func files(_ index: Int, of folder: StudyFolder) throws(DatasetError) -> [String] {
    let (image, map) = try pair(index, of: folder)
    return DataFolder.parts(image) + DataFolder.parts(map)
  }

  /// The image and the label map of study number `index`.
  private func pair(
    _ index: Int, of folder: StudyFolder
  ) throws(DatasetError) -> (image: String, map: String) {
    let (stem, place) = (folder.studies[index], folder.folder)
    guard let image = try place.volume("imagesTr/\(stem)"),
      let map = try place.volume("labelsTr/\(stem)")
    else {
      throw .missing(dataset: name, path: "\(place.path)/imagesTr/\(stem)", remedy: place.remedy)
    }
    return (image, map)
  }

  func study(_ index: Int, of folder: StudyFolder, limit: Int) throws(DatasetError) -> Study {
    let (imagePath, mapPath) = try pair(index, of: folder)
    let image = try NIfTIVolume(path: imagePath, limit: limit)
    guard image.extents[3] == modalities else {
      throw .malformed(
        path: image.path, at: "dim", reason: "\(image.extents[3]) modalities, not \(modalities)",
        remedy: "write data.modalities: \(image.extents[3]), if all images have as many")
    }
    let map = try NIfTIVolume(path: mapPath, limit: limit, like: image)
    let volume = image.values.count / modalities
    return try Study(
      user: folder.users[index],
      modalities: (0..<modalities).map { Array(image.values[$0 * volume..<($0 + 1) * volume]) },
      map: map,
      remedy: "labels are whole numbers from 0 to \(classes - 1), one less than data.classes"
    ) { (0..<classes).contains($0) ? UInt16($0) : nil }
  }
}
