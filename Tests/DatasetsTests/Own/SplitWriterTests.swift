import Datasets
import Foundation
import Measures
import Tensors
import TestSupport
import Testing

/// Client folders cut from a data set.
@Suite struct SplitWriterTests {
  private static func write(
    _ split: DatasetSplit, names: [String], clients: Int, partition: Partition = .iid
  ) throws -> (folder: TemporaryFolder, shares: [ClientFolders.Share]) {
    let folder = try TemporaryFolder()
    let folders = try SplitWriter(split, names: names).write(
      SplitOrder(
        clients: clients, partition: partition, seed: 4, work: SampleWork(threads: 2)),
      to: folder.path)
    return (folder, folders.shares)
  }

  /// The samples of all clients, each with its label, in no order.
  private static func gathered(
    _ folder: TemporaryFolder, clients: Int, labels: SampleFormat.Labels,
    of part: KeyPath<DatasetSplit, Dataset>
  ) throws -> Set<[Int]> {
    var samples: Set<[Int]> = []
    for client in 0..<clients {
      let split = try OwnSamples.read(
        path: "\(folder.path)/\(client)", format: SampleFormat(labels: labels), seed: 1)
      samples.formUnion(Self.samples(of: split[keyPath: part]))
    }
    return samples
  }

  private static func samples(of dataset: Dataset) -> Set<[Int]> {
    let (size, each) = (dataset.input.count, dataset.labelsPerSample)
    let values: [Int] =
      switch dataset.pixels {
      case .bytes(let bytes): bytes.map { Int($0) }
      case .floats(let floats): floats.map { Int(($0 * 1000).rounded()) }
      }
    return Set(
      (0..<dataset.count).map { sample in
        values[sample * size..<(sample + 1) * size]
          + dataset.labels[sample * each..<(sample + 1) * each].map { Int($0) }
      })
  }

  @Test(
    arguments: [
      ([1, 4, 5], false), ([3, 4, 5], false), ([2, 4, 5], false), ([1, 4, 5], true),
      ([4, 3, 3], true),
    ] as [(Shape, Bool)])
  func `folders hold every sample once, trained on or held out as before`(
    input: Shape, isSegmented: Bool
  ) throws {
    let split = DatasetSplit(
      train: randomDataset(count: 60, input: input, segmented: isSegmented),
      test: randomDataset(count: 15, input: input, seed: 2, segmented: isSegmented))
    let names = ["null", "one", "two"]
    let (folder, shares) = try Self.write(split, names: names, clients: 4)
    #expect(shares.map(\.train).reduce(0, +) == 60)
    #expect(shares.map(\.test).reduce(0, +) == 15)
    let labels: SampleFormat.Labels = isSegmented ? .pixels(names) : .classes(names)
    #expect(
      try Self.gathered(folder, clients: 4, labels: labels, of: \.train)
        == Self.samples(of: split.train))
    #expect(
      try Self.gathered(folder, clients: 4, labels: labels, of: \.test)
        == Self.samples(of: split.test))
  }

  @Test func `tables become arrays that are read as the table was`() throws {
    let source = try TemporaryFolder()
    let rows = (0..<20).map { "\($0),0.\($0),\($0 % 2 == 0 ? "even" : "odd")" }
    let text = "a,b,label\n" + rows.joined(separator: "\n")
    let path = try source.write(Array(text.utf8), to: "numbers.csv")
    let split = try OwnSamples.read(path: path, format: SampleFormat(), seed: 1)
    let (folder, _) = try Self.write(split, names: ["even", "odd"], clients: 2)
    let input = try OwnSamples.format(of: "\(folder.path)/0", as: SampleFormat()).input
    #expect(input == [2])
    #expect(
      try Self.gathered(folder, clients: 2, labels: .classes(["even", "odd"]), of: \.train)
        == Self.samples(of: split.train))
  }

  @Test func `a client's test samples are of the classes that it trains on`() throws {
    let split = DatasetSplit(
      train: randomDataset(count: 300), test: randomDataset(count: 90, seed: 2))
    let (folder, _) = try Self.write(
      split, names: ["a", "b", "c"], clients: 3, partition: .shards(perClient: 1))
    for client in 0..<3 {
      let own = try OwnSamples.read(
        path: "\(folder.path)/\(client)",
        format: SampleFormat(labels: .classes(["a", "b", "c"])), seed: 1)
      #expect(Set(own.test.labels).isSubset(of: Set(own.train.labels)))
      #expect(own.test.count > 0)
    }
  }

  @Test func `a folder with anything in it, and names that no folder can have, are refused`() throws
  {
    let split = DatasetSplit(train: randomDataset(count: 9), test: randomDataset(count: 3))
    let folder = try TemporaryFolder()
    try folder.write([1], to: "mine.txt")
    let order = SplitOrder(clients: 2, partition: .iid, seed: 1)
    #expect {
      try SplitWriter(split, names: ["a", "b", "c"]).write(order, to: folder.path)
    } throws: { "\($0)".contains("it isn't empty") }
    #expect {
      try SplitWriter(split, names: ["a", "../b", "c"]).write(order, to: "\(folder.path)/new")
    } throws: { "\($0)".contains("../b") }
  }
}
