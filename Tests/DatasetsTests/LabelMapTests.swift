import Datasets
import TestSupport
import Testing

@Suite struct LabelMapTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(classes: Int = 5, modalities: Int = 1) throws -> DatasetSplit {
    try DatasetLoader.load(
      name: "nifti", path: folder.path,
      options: .init(
        slices: SliceGeometry(rows: 5, columns: 4), modalities: modalities, classes: classes))
  }

  private func error() throws -> String {
    try #require(throws: DatasetError.self) { try load() }.description
  }

  /// Three studies of the fixtures `image` and `labels`, with the endings that these have.
  private func write(image: String = "sform-RAS.nii.gz", labels: String) throws {
    for study in 0..<3 {
      for (kind, name) in [("imagesTr", image), ("labelsTr", labels)] {
        let stem = String(name.prefix { $0 != "." })
        for ending in [".nii.gz", ".nii", ".hdr", ".img"] {
          guard let path = OrientationTests.place(of: stem + ending) else { continue }
          try folder.copy(path, to: "\(kind)/study\(study)\(ending)")
        }
      }
    }
  }

  private static let classes = (0..<60).map { (voxel: Int) -> UInt16 in
    let (x, y, z) = (voxel % 4, voxel / 4 % 5, voxel / 20)
    return UInt16((x + y + z) % 5)
  }

  @Test(arguments: ["labels-scaled.nii.gz", "labels-byte.nii.gz"])
  func `labels that nibabel saved with a scale are whole again`(labels: String) throws {
    try write(labels: labels)
    #expect(try load().test.labels == Self.classes)
  }

  @Test func `numbers between classes are refused with their place`() throws {
    for study in 0..<3 {
      try folder.write(NIfTIBytes([2, 2, 1], [1, 2, 3, 4]).bytes, to: "imagesTr/\(study).nii")
      let values: [Float] = [0, 1, 2.5, 0]
      let labels = NIfTIBytes([2, 2, 1], values.map(\.bitPattern), type: 16)
      try folder.write(labels.bytes, to: "labelsTr/\(study).nii")
    }
    #expect(try error().contains("voxel 2, [0, 1, 0]: 2.5 isn't a class"))
    // Of a coarse scale too: half of a step is a class only where steps are far below one.
    var coarse = NIfTIBytes([2, 2, 1], [0, 1, 2, 3] as [Int16], type: 4)
    coarse.slope = 0.75
    try folder.write(coarse.bytes, to: "labelsTr/0.nii")
    #expect(try error().contains("0.75 isn't a class"))
  }

  @Test func `no number is nothing, in images and in label maps`() throws {
    try write(image: "hollow.nii.gz", labels: "labels-scaled.nii.gz")
    let split = try load()
    guard case .bytes(let pixels) = split.test.pixels else { throw TestFailure() }
    // Outside of the brain, x = 0, all is as dark as the mean.
    #expect(pixels.indices.allSatisfy { $0 % 4 > 0 || pixels[$0] == 128 })
    #expect(Set(pixels).count > 4)
    let values: [Float] = [.nan, 1, 2, .nan]
    let labels = NIfTIBytes([2, 2, 1], values.map(\.bitPattern), type: 16)
    for study in 0..<3 {
      try folder.write(NIfTIBytes([2, 2, 1], [1, 2, 3, 4]).bytes, to: "imagesTr/n\(study).nii")
      try folder.write(labels.bytes, to: "labelsTr/n\(study).nii")
      for kind in ["imagesTr", "labelsTr"] { try folder.remove("\(kind)/study\(study).nii.gz") }
    }
    let nothing = try load().test.labels
    #expect(nothing.count { $0 == 1 } == 1 && nothing.count { $0 == 2 } == 1)
  }

  @Test func `an infinite voxel is named, with what helps`() throws {
    let values: [Float] = [0, 1, .infinity, 0]
    let image = NIfTIBytes([2, 2, 1], values.map(\.bitPattern), type: 16)
    let path = try folder.write(image.bytes, to: "volume.nii")
    let error = try #require(throws: DatasetError.self) {
      try NIfTIVolume(path: path, limit: 1 << 20)
    }
    #expect(error.description.contains("voxel 2: it is infinite; write finite numbers"))
  }

  @Test(arguments: ["pair.hdr", "sform-LPS.nii.gz"], ["labels-scaled.nii.gz"])
  func `images and label maps need not end alike, and pairs are read`(image: String, labels: String)
    throws
  {
    try write(labels: "labels-scaled.nii.gz")
    let single = try load()
    for study in 0..<3 { try folder.remove("imagesTr/study\(study).nii.gz") }
    try write(image: image, labels: labels)
    let split = try load()
    #expect(
      split.test.labels == single.test.labels
        && split.test.userNames == ["study0", "study1", "study2"])
    guard case .bytes(let left) = split.train.pixels, case .bytes(let right) = single.train.pixels
    else { throw TestFailure() }
    #expect(left == right)
  }

  @Test(arguments: [("a.nii", "a.nii.gz"), ("a.nii.gz", "a.nii"), ("a.nii.gz", "a.hdr")])
  func `a label map is found whatever its ending`(image: String, labels: String) throws {
    for study in 0..<3 {
      let contents = NIfTIBytes([2, 2, 1], [1, 2, 3, 4])
      try folder.write(contents.bytes, to: "imagesTr/\(study)\(image)")
      let isPair = labels.hasSuffix(".hdr")
      try folder.write(
        isPair ? contents.pairHeader : contents.bytes, to: "labelsTr/\(study)\(labels)")
      if isPair { try folder.write(contents.body, to: "labelsTr/\(study)a.img.gz") }
    }
    #expect(try load().test.count == 1)
  }

  @Test func `other kinds of files are named for what they are`() throws {
    for (file, words) in [
      ("analyze.hdr", "ANALYZE 7.5"), ("nifti2.nii.gz", "NIfTI-2"),
    ] {
      let error = #expect(throws: DatasetError.self) {
        try NIfTIVolume(path: OrientationTests.fixture(file), limit: 1 << 20)
      }
      #expect(error?.description.contains(words) == true)
      #expect(error?.description.contains("nibabel's Nifti1Image.from_image") == true)
    }
    let header = NIfTIBytes([2, 2, 1], [1, 2, 3, 4]).pairHeader
    let path = try folder.write(header, to: "alone.hdr")
    let error = #expect(throws: DatasetError.self) { try NIfTIVolume(path: path, limit: 1 << 20) }
    #expect(error?.description.contains("alone.img: can't be read: no such file") == true)
    #expect(error?.description.contains("alone.hdr") == true)
  }

  @Test func `a folder says what it lacks`() throws {
    try folder.write([1], to: "imagesTr/a.nrrd")
    #expect(try error().contains("no volume is in it (a.nrrd); convert"))
    for name in ["a", "b", "c"] {
      try folder.write(NIfTIBytes([2, 2, 1], [1, 2, 3, 4]).bytes, to: "imagesTr/\(name).nii")
      if name != "b" {
        try folder.write(NIfTIBytes([2, 2, 1], [0, 0, 0, 0]).bytes, to: "labelsTr/\(name).nii")
      }
    }
    #expect(try error().contains("labelsTr/b.nii.gz: isn't there"))
    try folder.write(NIfTIBytes([2, 2, 1], [0, 0, 0, 0]).bytes, to: "labelsTr/b.nii")
    try folder.write(NIfTIBytes([2, 2, 1], [0, 0, 0, 0]).bytes, to: "labelsTr/b.nii.gz")
    #expect(try error().contains("labelsTr/b.nii is there as well; leave one of the two"))
  }

  @Test func `a study that shows nothing is told, and no slice comes of it`() throws {
    for (study, level) in [("a", 1), ("b", 1), ("c", 0)] as [(String, UInt8)] {
      let image = NIfTIBytes([2, 2, 1], [1, 2, 3, 4].map { $0 * level })
      try folder.write(image.bytes, to: "imagesTr/\(study).nii")
      try folder.write(NIfTIBytes([2, 2, 1], [0, 0, 0, 0]).bytes, to: "labelsTr/\(study).nii")
    }
    let split = try load()
    #expect(split.train.count == 2 && split.test.count == 0)
    #expect(split.remarks.count == 1 && split.remarks[0].contains("no slice is used of c"))
  }

  @Test func `wrong modalities and classes say what to write`() throws {
    for study in 0..<3 {
      let image = NIfTIBytes([2, 2, 1, 2], Array(1...8))
      try folder.write(image.bytes, to: "imagesTr/\(study).nii")
      try folder.write(NIfTIBytes([2, 2, 1], [0, 1, 2, 7]).bytes, to: "labelsTr/\(study).nii")
    }
    #expect(try error().contains("2 modalities, not 1; write data.modalities: 2"))
    let label = #expect(throws: DatasetError.self) { try load(modalities: 2) }
    #expect(
      label?.description.contains("7.0 isn't a class; labels are whole numbers from 0 to 4") == true
    )
  }
}
