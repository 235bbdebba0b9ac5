import Datasets
import Foundation
import TestSupport
import Testing

/// A worker stays under its samples, three models and 64 MiB.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct WorkerMemoryTests {
  /// Pictures of small squares in two classes: `count` names for a hundred files.
  private static func fill(_ folder: Folder, count: Int) throws -> String {
    for name in ["bright", "dark"] {
      let place = folder.url.appending(path: "site/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in 0..<count / 2 {
        let file = place.appending(path: "\(number).png")
        guard number < 50 else {
          try FileManager.default.linkItem(
            at: place.appending(path: "\(number % 50).png"), to: file)
          continue
        }
        let pixels = (0..<28 * 28).map { pixel in
          let isInside = pixel / 28 > number % 20 && pixel % 28 > number % 15
          return UInt8(isInside ? (name == "dark" ? 60 : 200) + pixel % 40 : pixel % 7)
        }
        let bytes = try PNGWriter.encode(
          pixels, rows: 28, columns: 28, channels: 1, path: file.path)
        try Data(bytes).write(to: file)
      }
    }
    return folder.path("site")
  }

  /// The most memory that a worker has which trains on a few of `count` samples at `site`, and what
  /// it is allowed.
  private func peak(
    _ folder: Folder, _ site: String, count: Int, classes: String, holdOut: String, threads: Int
  ) throws -> (bytes: Int, limit: Int) {
    let topology = try folder.write(
      """
      clients: 1
      strategy: end-to-end
      rounds: 2
      model: {name: convnet}
      data:
        from: clients
        input: [1, 28, 28]
        classes: \(classes)
        normalization: none
        holdOut: \(holdOut)
      codecs: {up: linear8, down: linear8}
      limits: {announce: 100 ms, gather: 300 ms, join: 100 ms, fetch: 500 ms, offer: 500 ms, farewell: 500 ms}

      """, to: "theirs.yaml")
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json"])
    #expect(broker.says("listening"), "\(broker.standardError)")
    let worker = try Command([
      "worker", "--connect", endpoint, "--clients", "0", "--data", site, "--threads", "\(threads)",
    ])
    // The peak only rises; what was seen last is that of the whole life but for its last moments.
    var peak = 0
    while let now = worker.peakMemory {
      peak = now
      Thread.sleep(forTimeInterval: 0.005)
    }
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.map(\.accepted) == [1, 1])
    let file = try FileManager.default.attributesOfItem(
      atPath: folder.path("run/model.safetensors"))
    let model = try #require(file[.size] as? Int)
    return (peak, count * 28 * 28 + 3 * model + 64 << 20)
  }

  @Test(arguments: [1, 2])
  func `a worker with a folder of small pictures keeps to its memory`(threads: Int) throws {
    let (folder, count) = (try Folder(), 6000)
    let site = try Self.fill(folder, count: count)
    // Nine tenths are held out, so that the test has little to train on.
    let (bytes, limit) = try peak(
      folder, site, count: count, classes: "[bright, dark]", holdOut: "90 %", threads: threads)
    #expect(bytes > 30 << 20 && bytes < limit, "\(bytes) bytes at most, of \(limit)")
  }

  @Test func `a worker with one large file of samples keeps to its memory`() throws {
    let (folder, count) = (try Folder(), 60_000)
    let site = folder.path("site")
    try FileManager.default.createDirectory(atPath: site, withIntermediateDirectories: true)
    let pixels = (0..<28 * 28).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let samples = (0..<count).flatMap { _ in pixels }
    for (name, bytes) in [
      ("x.npy", NPYWriter.bytes(samples, extents: [count, 28, 28])),
      ("y.npy", NPYWriter.bytes((0..<count).map { UInt8($0 % 2) }, extents: [count])),
    ] {
      try Data(bytes).write(to: URL(filePath: "\(site)/\(name)"))
    }
    let (bytes, limit) = try peak(
      folder, site, count: count, classes: "[\"0\", \"1\"]", holdOut: "99 %", threads: 1)
    #expect(bytes > 30 << 20 && bytes < limit, "\(bytes) bytes at most, of \(limit)")
  }
}
