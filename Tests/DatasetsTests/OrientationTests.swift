import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct OrientationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A file that nibabel wrote; see `Fixtures/generate.py`.
  static func fixture(_ name: String) throws -> String { try #require(place(of: name)) }

  /// The path of a fixture; nil if there is none of this name.
  static func place(of name: String) -> String? {
    Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil)?.path
  }

  /// The picture in every image among the fixtures, x to the right, y to the front and z up.
  static let voxels = (0..<60).map { (voxel: Int) -> Float in
    let (x, y, z) = (voxel % 4, voxel / 4 % 5, voxel / 20)
    return Float(100 * x + 10 * y + z)
  }

  private static let affine: [[Float]] = [[2, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3, 20]]

  /// The volume of 4×5×3 voxels with its stored axes being `axes`, against them where `flips` say
  /// so.
  private func volume(
    _ axes: [Int] = [0, 1, 2], _ flips: [Bool] = [false, false, false], label: Bool = false,
    affine: [[Float]] = affine
  ) -> NIfTIBytes {
    let extents = [4, 5, 3]
    let stored = axes.map { extents[$0] }
    var values: [Int16] = []
    for index in 0..<60 {
      let place = [index % stored[0], index / stored[0] % stored[1], index / stored[0] / stored[1]]
      var at = [0, 0, 0]
      for axis in 0..<3 {
        at[axes[axis]] = flips[axis] ? stored[axis] - 1 - place[axis] : place[axis]
      }
      values.append(Int16(label ? at.reduce(0, +) % 3 : 100 * at[0] + 10 * at[1] + at[2]))
    }
    var contents = NIfTIBytes(stored, values, type: 4)
    contents.sform = affine.map { row in
      var offset = row[3]
      for axis in 0..<3 where flips[axis] { offset += row[axes[axis]] * Float(stored[axis] - 1) }
      return (0..<3).map { flips[$0] ? -row[axes[$0]] : row[axes[$0]] } + [offset]
    }
    return contents
  }

  private static let orders = [
    [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0],
  ]

  @Test(arguments: orders, 0..<8)
  func `every order and direction of axes gives the same voxels`(axes: [Int], flips: Int) throws {
    let flips = (0..<3).map { flips >> $0 & 1 == 1 }
    let path = try folder.write(volume(axes, flips).bytes, to: "volume.nii")
    let volume = try NIfTIVolume(path: path, limit: 1 << 20)
    #expect(volume.extents == [4, 5, 3, 1] && volume.values == Self.voxels)
    // Also on the grid of one in another order.
    let other = try folder.write(
      self.volume([2, 0, 1], [true, false, true]).bytes, to: "other.nii")
    let like = try NIfTIVolume(path: path, limit: 1 << 20, like: .init(path: other, limit: 1 << 20))
    #expect(like.extents == [4, 5, 3, 1] && like.values == Self.voxels)
  }

  @Test(arguments: ["sform", "qform"], ["RAS", "LPS", "ASR", "PIR", "SLA", "IPL"])
  func `what nibabel reorients is read alike, by sform and by qform`(form: String, axes: String)
    throws
  {
    let path = try Self.fixture("\(form)-\(axes).nii.gz")
    let volume = try NIfTIVolume(path: path, limit: 1 << 20)
    #expect(volume.extents == [4, 5, 3, 1] && volume.values == Self.voxels)
    let other = try NIfTIVolume(path: Self.fixture("sform-PIR.nii.gz"), limit: 1 << 20)
    #expect(try NIfTIVolume(path: path, limit: 1 << 20, like: other).values == Self.voxels)
  }

  @Test func `a head that lay askew is taken by its nearest axes, and its label map with it`()
    throws
  {
    let straight = try NIfTIVolume(path: Self.fixture("askew-RAS.nii.gz"), limit: 1 << 20)
    #expect(straight.values == Self.voxels)
    let turned = try Self.fixture("askew-PSR.nii.gz")
    #expect(try NIfTIVolume(path: turned, limit: 1 << 20).values == Self.voxels)
    #expect(try NIfTIVolume(path: turned, limit: 1 << 20, like: straight).values == Self.voxels)
    let upright = try Self.fixture("sform-RAS.nii.gz")
    #expect(throws: DatasetError.self) {
      try NIfTIVolume(path: upright, limit: 1 << 20, like: straight)
    }
  }

  @Test func `every fourth axis is turned with the other three`() throws {
    var contents = NIfTIBytes([2, 1, 1, 3], [1, 2, 3, 4, 5, 6])
    contents.sform = [[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    let path = try folder.write(contents.bytes, to: "volume.nii")
    #expect(try NIfTIVolume(path: path, limit: 1 << 20).values == [2, 1, 4, 3, 6, 5])
  }

  /// Both splits of three studies with the given image and label map, as text to compare.
  private func study(image: NIfTIBytes, labels: NIfTIBytes) throws -> DatasetSplit {
    for study in 0..<3 {
      try folder.write(image.bytes, to: "imagesTr/\(study).nii")
      try folder.write(labels.bytes, to: "labelsTr/\(study).nii")
    }
    return try DatasetLoader.load(
      name: "nifti", path: folder.path,
      options: .init(slices: SliceGeometry(rows: 5, columns: 4), classes: 3))
  }

  private func bytes(_ dataset: Dataset) throws -> [UInt8] {
    guard case .bytes(let pixels) = dataset.pixels else { throw TestFailure() }
    return pixels
  }

  @Test func `a label map that is stored mirrored lies on its image again`() throws {
    let plain = try study(image: volume(), labels: volume(label: true))
    #expect(plain.train.labels.prefix(5) == [0, 1, 2, 0, 1])
    for (axes, flips) in [
      ([0, 1, 2], [true, false, false]), ([0, 1, 2], [true, true, false]),
      ([2, 1, 0], [false, true, true]),
    ] {
      let turned = try study(image: volume(), labels: volume(axes, flips, label: true))
      #expect(turned.train.labels == plain.train.labels)
      #expect(try bytes(turned.train) == bytes(plain.train))
      let image = try study(image: volume(axes, flips), labels: volume(label: true))
      #expect(image.train.labels == plain.train.labels)
      #expect(try bytes(image.train) == bytes(plain.train))
    }
  }

  /// Other grids: their spacing, their place, their direction, their extents.
  private static let others: [(String, [[Float]])] = [
    (
      "[2, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3.3, 20]",
      [[2, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3.3, 20]]
    ),
    ("[1, 0, 0, -7]", [[1, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3, 20]]),
    ("[2, 0, 0, -6]", [[2, 0, 0, -6], [0, 1, 0, 4], [0, 0, 3, 20]]),
    ("[2, 0.1, 0, -7]", [[2, 0.1, 0, -7], [0, 1, 0, 4], [0, 0, 3, 20]]),
    ("[-2, 0, 0, -7]", [[-2, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3, 20]]),
  ]

  @Test(arguments: others)
  func `what would need resampling is refused with both files and affines`(
    shown: String, affine: [[Float]]
  ) throws {
    let error = try #require(throws: DatasetError.self) {
      try study(image: volume(), labels: volume(label: true, affine: affine))
    }
    for part in [
      shown, "[[2, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3, 20]]", "labelsTr/0.nii", "imagesTr/0.nii",
    ] {
      #expect(error.description.contains(part), "\(error)")
    }
    #expect(error.description.contains("resample"))
  }

  @Test func `other extents and an affine on one side alone are refused`() throws {
    var labels = NIfTIBytes([4, 5, 2], Array(repeating: 0, count: 40))
    labels.sform = Self.affine
    let extents = #expect(throws: DatasetError.self) { try study(image: volume(), labels: labels) }
    #expect(extents?.description.contains("4×5×2 voxels") == true)
    var mute = volume(label: true)
    mute.sform = nil
    let error = #expect(throws: DatasetError.self) { try study(image: volume(), labels: mute) }
    #expect(error?.description.contains("without sform or qform") == true)
    #expect(error?.description.contains("copy the other's affine") == true)
    // Where neither says anything, distances still must fit.
    var image = volume()
    image.sform = nil
    #expect(try study(image: image, labels: mute).train.count == 6)
    (image.spacing, mute.spacing) = ([1, 1, 2], [1, 1, 3])
    #expect(throws: DatasetError.self) { try study(image: image, labels: mute) }
  }

  @Test func `rounded affines are the same`() throws {
    let affine: [[Float]] = [[2.00001, 0.0001, 0, -7.02], [0, 1, 0, 4.0003], [0, 0, 2.9999, 20]]
    let plain = try study(image: volume(), labels: volume(label: true))
    let rounded = try study(image: volume(), labels: volume(label: true, affine: affine))
    #expect(rounded.train.labels == plain.train.labels)
  }

  @Test func `the sform counts before the qform, and a useless one is passed over`() throws {
    var contents = volume([0, 1, 2], [true, false, false])
    contents.qform = [0, 0, 0, -7, 4, 20]
    contents.spacing = [2, 1, 3]
    var path = try folder.write(contents.bytes, to: "volume.nii")
    #expect(try NIfTIVolume(path: path, limit: 1 << 20).values == Self.voxels)
    for useless in [Float(0), .nan, .infinity] {
      contents.sform = Array(repeating: Array(repeating: useless, count: 4), count: 3)
      path = try folder.write(contents.bytes, to: "volume.nii")
      // By the qform, the first stored voxel is the leftmost.
      #expect(try NIfTIVolume(path: path, limit: 1 << 20).values.first == 300)
    }
    contents.qform = nil
    path = try folder.write(contents.bytes, to: "volume.nii")
    let error = #expect(throws: DatasetError.self) { try NIfTIVolume(path: path, limit: 1 << 20) }
    #expect(error?.description.contains("sform") == true)
  }
}
