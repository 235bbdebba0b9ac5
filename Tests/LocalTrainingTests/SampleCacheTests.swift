import Datasets
import Federation
import Foundation
import LocalTraining
import Measures
import TestSupport
import Testing
import Topology

/// Clients' own samples in bounded memory.
@Suite struct SampleCacheTests {
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
    for client in 0..<3 { try add(0..<10, to: client) }
  }

  /// Writes pictures of each class into a client's folder.
  private func add(_ numbers: Range<Int>, to client: Int) throws {
    for name in ["cat", "dog"] {
      let place = folder.url.appending(path: "\(client)/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in numbers {
        let pixels = Array(repeating: UInt8(10 * client + number), count: 28 * 28)
        let bytes = try PNGWriter.encode(pixels, rows: 28, columns: 28, channels: 1, path: name)
        try Data(bytes).write(to: place.appending(path: "\(number).png"))
      }
    }
  }

  /// The bytes of the 20 pictures of one client, with their labels and places.
  private static let each = 20 * (28 * 28 + 2 + 8)

  private func own(_ limit: Int) throws -> OwnData {
    let data = try ClientData(
      topology, at: folder.path("{client}"), of: [0, 1, 2],
      in: SampleCache(limit: ByteCount(limit)))
    return try #require(data.own)
  }

  private func pixels(_ samples: ClientSamples) -> [UInt8] {
    guard case .bytes(let training) = samples.training.dataset.pixels,
      case .bytes(let heldOut) = samples.heldOut.dataset.pixels
    else { return [] }
    return training + heldOut
  }

  @Test(arguments: [0, 1, 2, 3])
  func `samples are the same whatever has room, and so are their numbers`(clients: Int) throws {
    let (all, few) = (try own(1 << 30), try own(clients * Self.each))
    let workload = Workload(topology, data: .own(few))
    let shares = try workload.shares(seed: 1)
    for round in 0..<3 {
      for client in 0..<3 {
        let (kept, read) = (
          try #require(try all[client]?.samples().get()), try shares.samples(of: client)
        )
        #expect(pixels(read) == pixels(kept) && !pixels(read).isEmpty)
        #expect(read.training.dataset.labels == kept.training.dataset.labels)
        #expect(shares.holding(of: client) == .own(kept.counts))
        #expect(shares.heldOut(of: client) == kept.heldOut.count)
        let look = try #require(few[client]?.look())
        #expect(!look.isNew, "round \(round)")
        // The samples that were used last stay in any case.
        #expect(few.cache.bytes <= max(1, clients) * Self.each)
      }
    }
    #expect(all.cache.evictions == 0 && all.cache.bytes == 3 * Self.each)
    #expect((few.cache.evictions > 0) == (clients < 3))
  }

  @Test func `those that were used longest ago make room`() throws {
    let own = try own(2 * Self.each)
    _ = own[0]?.samples()
    _ = own[1]?.samples()
    _ = own[0]?.samples()
    _ = own[2]?.samples()
    #expect(own.cache.evictions == 1)
    // Of the two that are left one is client 0's.
    _ = own[0]?.samples()
    #expect(own.cache.evictions == 1)
    _ = own[1]?.samples()
    #expect(own.cache.evictions == 2)
  }

  @Test func `the numbers of all are known once they were read, with room for none`() throws {
    let own = try own(0)
    let shares = try Workload(topology, data: .own(own)).shares(seed: 1)
    own.read(on: TrainingPool(width: 2))
    let evictions = own.cache.evictions
    #expect(evictions == 2)
    for client in 0..<3 {
      #expect(shares.count(of: client) + shares.heldOut(of: client) == 20)
      try shares.check(client)
    }
    #expect(own.cache.evictions == evictions, "nothing was decoded for a number")
  }

  @Test func `who looks at its samples has them, whoever takes their room meanwhile`() throws {
    let own = try own(Self.each)
    let shares = try Workload(topology, data: .own(own)).shares(seed: 1)
    let first = shares.look(at: 0)
    #expect(first.news != nil)
    _ = own[1]?.samples()
    let evictions = own.cache.evictions
    let learner = try #require(try first.learner.get() as? BuiltInLearner)
    #expect(pixels(learner.samples).count > 0)
    #expect(own.cache.evictions == evictions, "nothing is decoded again")
    #expect(shares.look(at: 0).news == nil)
    #expect(throws: DatasetError.self) { try shares.look(at: 7).learner.get() }
  }

  @Test func `pictures that arrived while the others had no room are news`() throws {
    let own = try own(0)
    let site = try #require(own[0])
    _ = site.samples()
    _ = own[1]?.samples()
    try add(10..<15, to: 0)
    // Somebody asked before anybody looked.
    _ = site.samples()
    #expect(site.look().isNew)
    #expect(try site.summary().get().counts.training + site.summary().get().counts.heldOut == 30)
    #expect(!site.look().isNew)
  }
}
