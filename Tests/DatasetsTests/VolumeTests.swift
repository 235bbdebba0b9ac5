import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct VolumeTests {
  private func bytes(_ dataset: Dataset) throws -> [UInt8] {
    guard case .bytes(let pixels) = dataset.pixels else { throw TestFailure() }
    return pixels
  }

  /// A volume of 4×6×`depth` voxels, `value(x, y, z)` each.
  private func volume(depth: Int, _ value: (Int, Int, Int) -> Int) -> NIfTIBytes {
    NIfTIBytes(
      [4, 6, depth],
      (0..<24 * depth).map { Int16(value($0 % 4, $0 / 4 % 6, $0 / 24)) } as [Int16], type: 4)
  }

  private func brats(patients: Int, folder: TemporaryFolder, endings: [String], label: Int = 4)
    throws
  {
    for patient in 0..<patients {
      for (index, ending) in endings.enumerated() {
        let contents = volume(depth: 3) { x, y, z in
          guard x > 0 else { return 0 }
          return index < 4 ? (y % 2 == 0 ? 100 : 200) * (index + 1) : z == 1 ? label : y % 3
        }
        try folder.write(contents.bytes, to: "case\(patient)/case\(patient)\(ending).nii.gz")
      }
    }
  }

  private static let older = ["_flair", "_t1", "_t1ce", "_t2", "_seg"]
  private static let newer = ["-t2f", "-t1n", "-t1c", "-t2w", "-seg"]

  @Test(arguments: [older, newer])
  func `BraTS becomes slices of four standardized modalities`(endings: [String]) throws {
    let folder = try TemporaryFolder()
    // What the older releases call 4 is 3 in the newer ones.
    try brats(
      patients: 6, folder: folder, endings: endings, label: endings == Self.older ? 4 : 3)
    let options = DatasetLoader.Options(slices: SliceGeometry(rows: 6, columns: 4))
    let split = try DatasetLoader.load(name: "brats", path: folder.path, options: options)
    #expect(split.train.input == [4, 6, 4] && split.train.classes == 4)
    #expect(split.train.count == 15 && split.test.count == 3)
    #expect(split.test.users == [2, 2, 2] && split.test.userNames[2] == "case2")
    var source = SequentialBatches(dataset: split.train)
    var batch = buffer(3, for: split.train, input: source.input)
    source.fill(&batch)
    for (index, value) in batch.inputs.enumerated() {
      let (x, y) = (index % 4, index / 4 % 6)
      let expected: Float = x == 0 ? 0 : y.isMultiple(of: 2) ? -1 : 1
      #expect(abs(value - expected) < 1e-6)
    }
    for (index, label) in batch.labels.enumerated() {
      let (x, y, z) = (index % 4, index / 4 % 6, index / 24)
      let expected: Int32 = x == 0 ? 0 : z == 1 ? 3 : Int32(y % 3)
      #expect(label == expected)
    }
  }

  @Test func `the FeTS partition makes sites of BraTS patients`() throws {
    let folder = try TemporaryFolder()
    try brats(patients: 4, folder: folder, endings: Self.older)
    let table = "Partition_ID,Subject_ID\n2,case0\n7,case1\n2,case2\n7,case3\n"
    try folder.write(Array(table.utf8), to: "partitioning_1.csv")
    let split = try DatasetLoader.load(
      name: "brats", path: folder.path,
      options: .init(slices: SliceGeometry(rows: 6, columns: 4, every: 3)))
    #expect(split.train.users == [0, 1, 1] && split.train.userNames == ["2", "7"])
    try folder.write(Array("a,b\n2,case0\n".utf8), to: "partitioning_1.csv")
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "brats", path: folder.path)
    }
    #expect(error?.description.contains("case1 isn't in it") == true)
    try folder.write(Array("a,b\n2,case0,3\n".utf8), to: "partitioning_1.csv")
    #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "brats", path: folder.path)
    }
  }

  @Test func `a label that is no class is named with its voxel`() throws {
    let folder = try TemporaryFolder()
    try brats(patients: 3, folder: folder, endings: Self.older, label: 5)
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "brats", path: folder.path)
    }
    #expect(error?.description.contains("voxel 25") == true)
    #expect(error?.description.contains("case0_seg.nii.gz") == true)
  }

  @Test func `a missing modality is named`() throws {
    let folder = try TemporaryFolder()
    try brats(patients: 3, folder: folder, endings: ["_flair", "_t1", "_t2", "_seg"])
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "brats", path: folder.path)
    }
    #expect(error?.description.contains("case0_t1ce.nii") == true)
  }

  @Test func `modalities that don't lie voxel on voxel are refused`() throws {
    let folder = try TemporaryFolder()
    try brats(patients: 3, folder: folder, endings: Self.older)
    try folder.write(volume(depth: 4) { _, _, _ in 1 }.bytes, to: "case0/case0_t2.nii.gz")
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "brats", path: folder.path)
    }
    #expect(error?.description.contains("case0_t2.nii.gz") == true)
  }

  @Test func `slices beyond the limit are refused`() throws {
    let folder = try TemporaryFolder()
    try brats(patients: 3, folder: folder, endings: Self.older)
    let error = #expect(throws: DatasetError.self) {
      try BraTS(geometry: SliceGeometry(rows: 100, columns: 100)).load(
        path: folder.path, limit: 50_000)
    }
    guard case .tooManySlices = error else { throw TestFailure() }
    #expect(error?.description.contains("data.slices.every") == true)
  }

  @Test func `the Decathlon's modalities lie along the fourth axis`() throws {
    let folder = try TemporaryFolder()
    for study in 0..<3 {
      let image = NIfTIBytes([2, 2, 1, 2], [1, 3, 1, 3, 5, 5, 9, 9])
      try folder.write(image.bytes, to: "imagesTr/study\(study).nii.gz")
      try folder.write(
        NIfTIBytes([2, 2, 1], [0, 1, 2, UInt8(study)]).bytes, to: "labelsTr/study\(study).nii.gz")
    }
    let options = DatasetLoader.Options(
      slices: SliceGeometry(rows: 2, columns: 2), modalities: 2, classes: 3)
    let split = try DatasetLoader.load(name: "nifti", path: folder.path, options: options)
    #expect(split.train.input == [2, 2, 2] && split.test.labels == [0, 1, 2, 2])
    #expect(try bytes(split.train).prefix(8) == [96, 160, 96, 160, 96, 96, 160, 160])
    var fewer = options
    fewer.classes = 2
    #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "nifti", path: folder.path, options: fewer)
    }
    fewer = options
    fewer.modalities = 3
    #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "nifti", path: folder.path, options: fewer)
    }
  }

  /// Three maps of 4×6×`depth` voxels in nilearn's layout: grey matter at x = 1, white at x = 2.
  private func icbm(_ folder: TemporaryFolder, depth: Int, under prefix: String = "") throws {
    let maps: [(String, (Int, Int, Int) -> Int)] = [
      ("t1", { x, y, _ in x == 0 ? 0 : 60 * x + y }), ("gm", { x, _, _ in x == 1 ? 200 : 80 }),
      ("wm", { x, _, _ in x == 2 ? 90 : 45 }),
    ]
    for (map, value) in maps {
      try folder.write(
        volume(depth: depth, value).bytes,
        to: "\(prefix)mni_icbm152_\(map)_tal_nlin_sym_09a_converted.nii.gz")
    }
  }

  @Test(arguments: ["", "nilearn/datasets/data/"])
  func `the average brain is dealt to sites in bands of slices`(prefix: String) throws {
    let folder = try TemporaryFolder()
    try icbm(folder, depth: 25, under: prefix)
    let options = DatasetLoader.Options(slices: SliceGeometry(rows: 6, columns: 4), sites: 5)
    let split = try DatasetLoader.load(name: "icbm152", path: folder.path, options: options)
    #expect(split.train.input == [1, 6, 4] && split.train.classes == 3)
    #expect(split.train.users == (Int32(0)..<5).flatMap { Array(repeating: $0, count: 4) })
    #expect(split.test.users == [0, 1, 2, 3, 4])
    for (index, label) in split.train.labels.enumerated() {
      #expect(label == [0, 1, 2, 0][index % 4])
    }
    // Slices are alike but for their sites' distortions, which are the same for the same seed.
    let pixels = try bytes(split.train)
    let again = try DatasetLoader.load(name: "icbm152", path: folder.path, options: options)
    #expect(try bytes(again.train) == pixels)
    let sums = (0..<5).map { site in
      pixels[site * 96..<site * 96 + 96].reduce(0) { $0 + Int($1) }
    }
    #expect(Set(sums).count == 5)
    var other = options
    other.siteSeed = 1
    let others = try DatasetLoader.load(name: "icbm152", path: folder.path, options: other)
    #expect(try bytes(others.train) != pixels && others.train.labels == split.train.labels)
  }

  @Test func `a missing average brain says how to get it`() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "icbm152", path: folder.path)
    }
    #expect(error?.description.contains("pip download --no-deps nilearn") == true)
  }

  @Test(arguments: [(2, 3, 1), (6, 4, 1), (8, 10, 1), (3, 2, 2), (4, 4, 2), (2, 1, 3)])
  func `slices show the centre, in means of a step's square`(rows: Int, columns: Int, step: Int)
    throws
  {
    let folder = try TemporaryFolder()
    // One modality whose voxels standardize to ±1 by quadrant; the labels name columns.
    for study in 0..<3 {
      let image = volume(depth: 1) { x, y, _ in (x < 2) == (y < 3) ? 1 : 3 }
      try folder.write(image.bytes, to: "imagesTr/\(study).nii")
      try folder.write(volume(depth: 1) { x, _, _ in x }.bytes, to: "labelsTr/\(study).nii")
    }
    let split = try DatasetLoader.load(
      name: "nifti", path: folder.path,
      options: .init(
        slices: SliceGeometry(rows: rows, columns: columns, step: step), modalities: 1, classes: 4))
    let (width, height) = (4 / step, 6 / step)
    func origin(_ extent: Int, _ output: Int) -> Int {
      extent >= output ? (extent - output) / 2 : -((output - extent) / 2)
    }
    let pixels = try bytes(split.test)
    for row in 0..<rows {
      for column in 0..<columns {
        let (x, y) = (column + origin(width, columns), row + origin(height, rows))
        let inside = (0..<width).contains(x) && (0..<height).contains(y)
        var sum = 0
        for v in y * step..<(y + 1) * step {
          for u in x * step..<(x + 1) * step { sum += (u < 2) == (v < 3) ? -1 : 1 }
        }
        let level = Double(sum) / Double(step * step) * 32 + 128
        let index = row * columns + column
        #expect(pixels[index] == (inside ? UInt8(level.rounded()) : 128))
        #expect(split.test.labels[index] == (inside ? UInt16(x * step + step / 2) : 0))
      }
    }
  }
}
