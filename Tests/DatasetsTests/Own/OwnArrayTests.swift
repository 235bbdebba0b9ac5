import Datasets
import Foundation
import Tensors
import Testing

/// Arrays that NumPy wrote.
@Suite struct OwnArrayTests {
  private static let fixtures = Bundle.module.bundleURL.appending(path: "Fixtures/Own").path

  private static func read(
    _ samples: String, labels: String = "y-words", format: SampleFormat = SampleFormat()
  ) throws -> Dataset {
    let folder = try TemporaryFolder()
    try folder.copy("\(fixtures)/\(samples).npy", to: "x.npy")
    try folder.copy("\(fixtures)/\(labels).npy", to: "y.npy")
    return try OwnSamples.read(path: folder.path, format: format, holdOut: .none, seed: 1).train
  }

  @Test(
    arguments: ["x-i2", "x-i4-big", "x-u8", "x-f2", "x-f4-big", "x-f8", "x-fortran"])
  func `every kind and order of numbers is read as itself`(name: String) throws {
    let dataset = try Self.read(name)
    guard case .floats(let values) = dataset.pixels else { throw TestFailure() }
    #expect(values == (0..<24).map { Float($0) })
    #expect(dataset.input == [1, 2, 3])
  }

  @Test func `unsigned bytes stay bytes`() throws {
    guard case .bytes(let values) = try Self.read("x-u1").pixels else { throw TestFailure() }
    #expect(values == (0..<24).map { UInt8($0) })
  }

  @Test func `labels are words of either kind, matched by name`() throws {
    #expect(try Self.read("x-u1").labels == [2, 0, 1, 2])  // cat, dög, owl
    #expect(try Self.read("x-u1", labels: "y-bytes").labels == [2, 0, 1, 2])
    let named = SampleFormat(labels: .classes(["owl", "dög", "cat", "eel"]))
    #expect(try Self.read("x-u1", format: named).labels == [0, 2, 1, 0])
    let other = SampleFormat(labels: .classes(["owl", "cat"]))
    #expect { try Self.read("x-u1", format: other) } throws: {
      "\($0)".contains("y.npy: sample 2, counted from 0: “dög”")
    }
  }

  @Test func `archives are read plain and packed, with their own test samples`() throws {
    for holdOut in [HoldOut.none, .fifth] {
      let packed = try OwnSamples.read(
        path: "\(Self.fixtures)/packed.npz", format: SampleFormat(), holdOut: holdOut, seed: 1)
      #expect((packed.train.count, packed.test.count) == (4, 1))
      #expect(packed.train.labels == [2, 0, 1, 2])
    }
    let plain = try OwnSamples.read(
      path: "\(Self.fixtures)/plain.npz", format: SampleFormat(), holdOut: HoldOut(share: 0.5),
      seed: 3)
    #expect(plain.train.count + plain.test.count == 4)
    #expect(plain.train.count > 0 && plain.test.count > 0)
  }

  @Test func `channels may come last where the shape says so`() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      NPYWriter.bytes((0..<12).map { UInt8($0) }, extents: [1, 2, 2, 3]), to: "x.npy")
    try folder.write(NPYWriter.text(["a"]), to: "y.npy")
    let train = try OwnSamples.read(
      path: folder.path, format: SampleFormat(input: [3, 2, 2]), holdOut: .none, seed: 1
    ).train
    guard case .bytes(let values) = train.pixels else { throw TestFailure() }
    #expect(values == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
  }

  @Test func `A label per pixel makes a segmentation`() throws {
    let folder = try TemporaryFolder()
    try folder.write(NPYWriter.floats([1, 2, 3, 4], extents: [1, 2, 2]), to: "x.npy")
    try folder.write(NPYWriter.words([0, 1, 1, 0], extents: [1, 2, 2]), to: "y.npy")
    let split = try OwnSamples.read(
      path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
    #expect(split.train.isSegmentation)
    #expect(split.train.labels == [0, 1, 1, 0])
  }

  @Test func `numbers that aren't, other counts and cut files are refused by name`() throws {
    func error(_ x: [UInt8], _ y: [UInt8]) throws -> String {
      let folder = try TemporaryFolder()
      try folder.write(x, to: "x.npy")
      try folder.write(y, to: "y.npy")
      let error = #expect(throws: DatasetError.self) {
        try OwnSamples.read(path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
      }
      return error.map(String.init(describing:)) ?? ""
    }
    let good = NPYWriter.floats([1, 2], extents: [2, 1])
    let labels = NPYWriter.text(["a", "b"])
    #expect(
      try error(NPYWriter.floats([1, .nan], extents: [2, 1]), labels).contains("x.npy: sample 1"))
    #expect(try error(good, NPYWriter.text(["a"])).contains("y.npy holds 1"))
    #expect(try error(good.dropLast(), labels).contains("x.npy: ends after"))
    #expect(try error(good + [0], labels).contains("x.npy: goes on"))
    #expect(
      try error(NPYWriter.floats([], extents: [0, 1 << 40, 1 << 40]), labels).contains("x.npy"))
  }
}
