import Datasets
import Federation
import Foundation
import LocalTraining
import Synchronization
import TestSupport
import Testing
import Topology
import Wire

/// Clients' own samples, in folders that change.
@Suite struct OwnDataTests {
  private let folder: Folder
  private let topology: Topology

  init() throws {
    folder = try Folder()
    topology = try Topology(
      parsing: """
        clients: 3
        rounds: 3
        model: {name: convnet}
        data: {from: clients, input: [1, 28, 28], classes: [cat, dog], normalization: none}

        """, file: "theirs.yaml", overrides: Overrides(), checksFiles: false)
  }

  /// Writes a picture of one level.
  private func picture(_ name: String, _ level: UInt8 = 9, size: Int = 28) throws {
    let file = folder.url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let pixels = Array(repeating: level, count: size * size)
    let bytes = try PNGWriter.encode(pixels, rows: size, columns: size, channels: 1, path: name)
    try Data(bytes).write(to: file)
  }

  /// Writes the folder of a client that has ten pictures of each class.
  private func fill(_ client: Int) throws {
    for name in ["cat", "dog"] {
      for number in 0..<10 { try picture("\(client)/\(name)/\(number).png", UInt8(number)) }
    }
  }

  private func own(_ clients: [Int] = [0]) throws -> OwnData {
    let data = try ClientData(topology, at: folder.path("{client}"), of: clients)
    return try #require(data.own)
  }

  @Test func `a client has what is in its folder, a part of it held out`() throws {
    try fill(1)
    let own = try own([1])
    let samples = try #require(try own[1]?.samples().get())
    #expect(samples.training.count + samples.heldOut.count == 20)
    #expect(!samples.training.isEmpty && !samples.heldOut.isEmpty)
    #expect(samples.training.indices == Array(0..<samples.training.dataset.count))
    #expect(samples.training.dataset.classes == 2)
    #expect(own[0] == nil)
    let workload = Workload(topology, data: .own(own))
    let shares = try workload.shares(seed: 1)
    #expect(shares.holding(of: 1) == .own(samples.counts))
    #expect(shares.count(of: 1) == samples.training.count)
    #expect(throws: DatasetError.self) { try shares.samples(of: 0) }
  }

  @Test func `a broker is told rounded numbers where the topology says so`() throws {
    try fill(1)
    let topology = try Topology(
      parsing: topology.source.replacing("{from", with: "{roundSamples: 15, from"),
      file: "theirs.yaml", overrides: Overrides(), checksFiles: false)
    let own = try #require(
      try ClientData(topology, at: folder.path("{client}"), of: [1]).own)
    let samples = try #require(try own[1]?.samples().get())
    let counts = samples.counts
    #expect(counts.training + counts.heldOut == 20)
    let shares = try Workload(topology, data: .own(own)).shares(seed: 1)
    #expect(
      shares.holding(of: 1)
        == .own(
          SampleCounts(
            training: counts.training.told(by: 15), heldOut: counts.heldOut.told(by: 15))))
    #expect(shares.count(of: 1) == counts.training, "it trains on what there is")
  }

  @Test func `pictures that arrive count from the next look on, and never in what was begun`()
    throws
  {
    try fill(0)
    let own = try own()
    let site = try #require(own[0])
    let before = try site.samples().get()
    #expect(!site.look().isNew)
    for number in 10..<30 { try picture("0/cat/\(number).png") }
    #expect(try site.samples().get().counts == before.counts, "nobody has looked yet")
    let look = site.look()
    let after = try look.outcome.get()
    #expect(look.isNew && after.training.count + after.heldOut.count == 40)
    #expect(!site.look().isNew)
    #expect(before.training.dataset.count + before.heldOut.count == 20)
  }

  @Test func `an empty folder lacks data, and is of use once there are pictures`() throws {
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "0"), withIntermediateDirectories: true)
    let site = try #require(try own()[0])
    #expect(site.samples().holding == .unusable(.noData, detail: "there are no samples"))
    #expect(!site.look().isNew)
    try fill(0)
    #expect(site.look().isNew)
    #expect(try site.samples().get().counts.training > 0)
  }

  @Test(arguments: [
    ("dog/broken.png", "a file is damaged"),
    ("zebra/1.png", "a class or label isn't one of the plan's"),
    ("dog/large.png", "a sample is of 1×30×30, where the plan has 1×28×28"),
    ("notes.txt", "a file or folder breaks the rules of its format"),
  ])
  func `what is wrong is said in full at the site, and without any name to others`(
    file: String, words: String
  ) throws {
    try fill(0)
    switch file {
    case "dog/large.png": try picture("0/\(file)", size: 30)
    case "zebra/1.png": try picture("0/\(file)")
    default: _ = try folder.write("nothing of use", to: "0/\(file)")
    }
    let site = try #require(try own()[0])
    #expect(site.samples().holding == .unusable(.badData, detail: words))
    let error = #expect(throws: DatasetError.self) { try site.samples().get() }
    let text = error.map { "\($0)" } ?? ""
    let name = try #require(file.split(separator: "/").first { $0 != "dog" })
    #expect(text.contains(name) && text.contains(folder.url.path), "\(text)")
  }

  @Test func `what couldn't be read for a moment is read again, though no file has changed`() throws
  {
    try fill(0)
    let attempts = Mutex(0)
    // Two readings come to no end.
    let work = SampleWork(threads: 1) { _, _ in
      attempts.withLock { attempts in
        attempts += 1
        return attempts > 2
      }
    }
    let paths = try ClientPaths(folder.path("{client}"), clients: [0])
    let site = try #require(OwnData(at: paths, of: [0], as: topology.data, by: work)[0])
    #expect(throws: DatasetError.self) { try site.samples().get() }
    #expect(!site.look().isNew, "it is of no use yet")
    let look = site.look()
    #expect(look.isNew, "it is of use now")
    #expect(try look.outcome.get().counts.training > 0 && !site.look().isNew)
    let again = try #require(OwnData(at: paths, of: [0], as: topology.data, by: work)[0])
    attempts.withLock { $0 = 0 }
    #expect(throws: DatasetError.self) { try again.summary().get() }
    #expect(throws: DatasetError.self) { try again.samples().get() }
    #expect(try again.samples().get().counts.training > 0)
    #expect(try again.summary().get().counts.training > 0)
    #expect(again.look().isNew && !again.look().isNew, "a look tells it")
  }

  @Test func `several clients need paths of their own, of which one is there at least`() throws {
    try fill(0)
    let path = folder.path("0")
    #expect(throws: ClientPathsError.shared(pattern: path, clients: 2)) {
      try ClientData(topology, at: path, of: [0, 1])
    }
    _ = try ClientData(topology, at: path, of: [1])
    _ = try ClientData(topology, at: folder.path("{client}"), of: [0, 1])
    let error = #expect(throws: DatasetError.self) {
      try ClientData(topology, at: folder.path("{client}"), of: [1, 2])
    }
    #expect(error.map { "\($0)" }?.contains("\(folder.path("1")): isn't there") == true)
    #expect(throws: LackingSamples.self) {
      try ClientData(topology, at: nil, of: [0])
    }
  }

  @Test func `a broker of such a topology needs no sample, and knows of none`() throws {
    let workload = try Workload(topology)
    #expect(workload.test.count == 0 && workload.test.classes == 2)
    try workload.checkStart()
    #expect(try workload.dealtSamples(seed: 1) == [] && workload.labels(seed: 1) == [])
    #expect(workload.remarks.first?.contains("stay with the clients") == true)
    #expect(throws: LackingSamples.self) { try workload.shares(seed: 1) }
  }

  @Test func `dealt data gives each client its part, and test samples that no other has`() throws {
    let bench = try TrainingBench()
    let shares = try bench.workload.shares(seed: 5)
    let dealt = try bench.workload.partition(seed: 5)
    var heldOut: [Int] = []
    for client in dealt.indices {
      let samples = try shares.samples(of: client)
      #expect(samples.training.indices == dealt[client])
      #expect(shares.holding(of: client) == .dealt(samples: dealt[client].count))
      heldOut += samples.heldOut.indices
    }
    #expect(!heldOut.isEmpty && Set(heldOut).count == heldOut.count)
    #expect(heldOut.allSatisfy((0..<bench.workload.test.count).contains))
  }
}
