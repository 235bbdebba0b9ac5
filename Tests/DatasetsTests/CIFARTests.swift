import Datasets
import Tensors
import Testing

@Suite struct CIFARTests {
  /// A record whose red, green and blue planes are `shade`, `shade` + 1 and `shade` + 2.
  private static func record(_ labels: [UInt8], shade: UInt8) -> [UInt8] {
    labels + (UInt8(0)..<3).flatMap { Array(repeating: shade + $0, count: 1024) }
  }

  private static func cifar10(_ folder: TemporaryFolder, under prefix: String = "") throws {
    for batch in UInt8(1)...5 {
      try folder.write(
        record([batch], shade: 10 * batch) + record([0], shade: 100 + batch),
        to: "\(prefix)data_batch_\(batch).bin")
    }
    try folder.write(record([9], shade: 200), to: "\(prefix)test_batch.bin")
  }

  private func error(_ collection: CIFARCollection, _ folder: TemporaryFolder) throws
    -> DatasetError
  {
    try #require(
      throws: DatasetError.self,
      performing: { try collection.load(path: folder.path, limit: 1 << 20) })
  }

  @Test(arguments: ["", "cifar-10-batches-bin/"])
  func `five files make the training samples, in order`(prefix: String) throws {
    let folder = try TemporaryFolder()
    try Self.cifar10(folder, under: prefix)
    let split = try DatasetLoader.load(name: "cifar10", path: folder.path)
    #expect(split.train.labels == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0] && split.test.labels == [9])
    #expect(split.train.input == [3, 32, 32] && split.train.normalization == .cifar)
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    #expect(pixels[3072 * 2] == 20 && pixels[3072 * 2 + 1024] == 21 && pixels[3072 * 3 - 1] == 22)
  }

  @Test func `CIFAR-100's fine label is the one that counts`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.record([19, 99], shade: 1), to: "train.bin.gz")
    try folder.write(Self.record([3, 0], shade: 2), to: "test.bin")
    let split = try DatasetLoader.load(name: "cifar100", path: folder.path)
    #expect(split.train.labels == [99] && split.test.labels == [0] && split.train.classes == 100)
  }

  @Test(arguments: [0, 1, 3072, 3074, 6145])
  func `a file that isn't whole records is refused`(length: Int) throws {
    let folder = try TemporaryFolder()
    try Self.cifar10(folder)
    let whole = try folder.bytes(of: "data_batch_3.bin")
    try folder.replace("data_batch_3.bin", with: Array(whole.prefix(length)))
    guard case .truncated(let path, _, length) = try error(.cifar10, folder) else {
      throw TestFailure()
    }
    #expect(path.hasSuffix("data_batch_3.bin"))
  }

  @Test func `a label out of range is named with file and record`() throws {
    let folder = try TemporaryFolder()
    try Self.cifar10(folder)
    try folder.write(Self.record([1], shade: 0) + Self.record([10], shade: 0), to: "test_batch.bin")
    guard
      case .labelOutOfRange(let path, sample: 1, label: 10, first: 0, classes: 10) = try error(
        .cifar10, folder)
    else { throw TestFailure() }
    #expect(path.hasSuffix("test_batch.bin"))
  }

  @Test func `a missing file is named`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.record([1, 1], shade: 0), to: "train.bin")
    let error = try error(.cifar100, folder)
    #expect(error.description.contains("test.bin") && error.description.contains("kriz/cifar"))
  }

  @Test func `a gzip bomb is stopped at the limit`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array(repeating: 0, count: 3074 * 4000), to: "train.bin.gz")
    try folder.write(Self.record([3, 0], shade: 2), to: "test.bin")
    guard case .tooLarge(_, let announced, 1_048_576) = try error(.cifar100, folder) else {
      throw TestFailure()
    }
    #expect(announced < 1_048_576 + 3074)
  }
}
