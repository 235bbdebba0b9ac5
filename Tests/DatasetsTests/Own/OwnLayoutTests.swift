import Datasets
import Foundation
import Measures
import Tensors
import TestSupport
import Testing

/// The ways in which samples lie in a folder, and what is held out of them.
@Suite struct OwnLayoutTests {
  private static func picture(_ value: UInt8) throws -> [UInt8] {
    try PNGWriter.encode([value], rows: 1, columns: 1, channels: 1, path: "")
  }

  private static func folder(_ names: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (number, name) in names.enumerated() {
      try folder.write(picture(UInt8(number)), to: name)
    }
    return folder
  }

  private static func bytes(_ dataset: Dataset) throws -> [UInt8] {
    guard case .bytes(let bytes) = dataset.pixels else { throw TestFailure() }
    return bytes
  }

  @Test func `folders of training and test samples win over the share`() throws {
    let folder = try Self.folder(["train/a/1.png", "train/b/1.png", "test/c/1.png"])
    let split = try OwnSamples.read(
      path: folder.path, format: SampleFormat(), holdOut: HoldOut(share: 0.9), seed: 1)
    #expect(try Self.bytes(split.train) == [0, 1])
    #expect(try Self.bytes(split.test) == [2])
    #expect(split.test.labels == [2])
    try folder.write(Self.picture(9), to: "other/a/1.png")
    #expect {
      try OwnSamples.read(path: folder.path, format: SampleFormat(), seed: 1)
    } throws: { "\($0)".contains("/other: entry: this lies beside train and test") }
  }

  @Test func `a class may be called train`() throws {
    let folder = try Self.folder(["car/1.png", "train/1.png", "ship/1.png"])
    let split = try OwnSamples.read(
      path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
    #expect(split.train.labels == [0, 1, 2])
  }

  @Test func `what is held out stays so as samples arrive, and follows the seed`() throws {
    let keys = (0..<1000).map { "a/\($0).png" }
    let some = HoldOut.fifth.marks(Array(keys.prefix(400)), seed: 5)
    let all = HoldOut.fifth.marks(keys, seed: 5)
    #expect(Array(all.prefix(400)) == some)
    #expect((150...250).contains(all.count { $0 }))
    #expect(HoldOut.fifth.marks(keys, seed: 6) != all)
    for seed in 0..<50 {
      let two = HoldOut(share: 0.01).marks(["a", "b"], seed: UInt64(seed))
      #expect(two.count { $0 } == 1)
    }
    #expect(!HoldOut.none.marks(keys, seed: 5).contains(true))
    #expect(HoldOut.fifth.marks(["a"], seed: 5) == [false])
  }

  @Test func `IDX files and volumes are told by their names`() throws {
    let files = try TemporaryFolder()
    try files.write(idxBytes([2, 1, 2], [1, 2, 3, 4]), to: "train-images-idx3-ubyte.gz")
    try files.write(idxBytes([2], [1, 0]), to: "train-labels-idx1-ubyte.gz")
    try files.write(idxBytes([1, 1, 2], [5, 6]), to: "t10k-images-idx3-ubyte")
    try files.write(idxBytes([1], [2]), to: "t10k-labels-idx1-ubyte")
    let split = try OwnSamples.read(path: files.path, format: SampleFormat(), seed: 1)
    #expect(try Self.bytes(split.train) == [1, 2, 3, 4])
    #expect((split.train.labels, split.test.labels) == ([1, 0], [2]))
    #expect(split.train.classes == 3)

    let volumes = try TemporaryFolder()
    for (study, name) in ["x", "y"].enumerated() {
      let voxels = (0..<8).map { UInt8($0 + 10 * study + 1) }
      try volumes.write(NIfTIBytes([2, 2, 2], voxels).bytes, to: "imagesTr/\(name).nii")
      try volumes.write(
        NIfTIBytes([2, 2, 2], [0, 1, 2, 1, 0, 0, 2, 1] as [UInt8]).bytes, to: "labelsTr/\(name).nii"
      )
    }
    let format = SampleFormat(
      labels: .pixels(["nothing", "bone", "skin"]), slices: SliceGeometry(rows: 2, columns: 2))
    let slices = try OwnSamples.read(
      path: volumes.path, format: format, holdOut: HoldOut(share: 0.5), seed: 2)
    #expect((slices.train.count, slices.test.count) == (2, 2))
    #expect(slices.train.labels.prefix(4) == [0, 1, 2, 1])
  }

  @Test func `an empty folder, a strange file and too many bytes are refused in words`() throws {
    func fault(_ path: String, limit: Int = 1 << 20) -> String {
      let error = #expect(throws: DatasetError.self) {
        try OwnSamples.read(
          path: path, format: SampleFormat(), holdOut: .none, seed: 1, limit: limit)
      }
      return error.map(String.init(describing:)) ?? ""
    }
    let empty = try TemporaryFolder()
    #expect(fault(empty.path).contains("no sample is in it"))
    #expect(fault("\(empty.path)/none").contains("isn't there"))
    try empty.write([1], to: "song.mp3")
    #expect(fault(empty.path).contains("song.mp3"))
    let folder = try Self.folder(["a/1.png", "b/1.png", "b/2.png"])
    #expect(fault(folder.path, limit: 2).contains("at most 2 are read"))
    try folder.write(Array("hello".utf8), to: "a/notes.txt")
    #expect(fault(folder.path).contains("a/notes.txt: begins with 68 65 6c 6c"))
    try folder.remove("a/notes.txt")
    try folder.write(Self.picture(1), to: "loose.png")
    #expect(fault(folder.path).contains("loose.png"))
  }

  @Test func `means of other channels and shapes of no sample are refused`() throws {
    let folder = try Self.folder(["a/1.png"])
    let given = Normalization(means: [0, 0, 0], deviations: [1, 1, 1])
    #expect {
      try OwnSamples.read(
        path: folder.path, format: SampleFormat(normalization: .given(given)), seed: 1)
    } throws: { "\($0)".contains("3 means for samples of 1 channels") }
    #expect {
      try OwnSamples.read(path: folder.path, format: SampleFormat(input: [28, 28]), seed: 1)
    } throws: { "\($0)".contains("samples of 28×28 aren't read") }
  }

  @Test func `given means are used, federated ones wait`() throws {
    let folder = try Self.folder(["a/1.png", "b/1.png"])
    let given = Normalization(means: [0.5], deviations: [0.25])
    func normalization(_ scaling: SampleFormat.Scaling) throws -> Normalization {
      try OwnSamples.read(
        path: folder.path, format: SampleFormat(normalization: scaling), seed: 1
      ).train.normalization
    }
    #expect(try normalization(.given(given)) == given)
    #expect(try normalization(.federated) == .none(channels: 1))
    #expect(try normalization(.none) == .none(channels: 1))
  }
}
