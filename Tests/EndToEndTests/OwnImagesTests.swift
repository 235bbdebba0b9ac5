import Datasets
import Foundation
import TestSupport
import Testing

/// Pictures of one's own in a folder for each class.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct OwnImagesTests {
  /// A folder of two classes: bars that lie and bars that stand, each picture at another place.
  private static func bars(
    in folder: Folder, each count: Int, sizes: [Int], channels: Int
  ) throws -> String {
    for (name, isStanding) in [("lying", false), ("standing", true)] {
      let place = folder.url.appending(path: "my-images/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for index in 0..<count {
        let size = sizes[index % sizes.count]
        let middle = size / 4 + (index * 7) % (size / 2)
        var pixels: [UInt8] = []
        for row in 0..<size {
          for column in 0..<size {
            let distance = abs((isStanding ? column : row) - middle)
            let level = distance < size / 8 ? 220 - index % 40 : 20 + index % 30
            pixels += Array(repeating: UInt8(level), count: channels)
          }
        }
        let path = place.appending(path: "\(index).png").path
        let bytes = try PNGWriter.encode(
          pixels, rows: size, columns: size, channels: channels, path: path)
        try Data(bytes).write(to: URL(filePath: path))
      }
    }
    return folder.path("my-images")
  }

  @Test func `a folder of pictures trains with nothing said but its path`() throws {
    let folder = try Folder()
    _ = try Self.bars(in: folder, each: 60, sizes: [28], channels: 1)
    let topology = try folder.write(
      """
      clients: 3
      rounds: 6
      model: {name: convnet}
      data: {from: here, path: my-images}

      """, to: "mine.yaml")
    let check = try Command(["check", topology])
    #expect(check.status(within: 60) == 0, "\(check.standardError)")
    #expect(check.standardOutput.contains("lying, standing"), "\(check.standardOutput)")
    let digests = try ["1", "2"].map { threads in
      let summary = try SmallRun.play(
        topology, to: folder.path("run-\(threads)"), ["--threads", threads])
      #expect(try #require(summary.final.accuracy) > 0.9)
      return summary.final.modelDigest
    }
    #expect(digests[0] == digests[1] && digests[0] != nil)
  }

  @Test func `the topology that comes with the project trains on pictures of any size`() throws {
    let folder = try Folder()
    let images = try Self.bars(in: folder, each: 40, sizes: [24, 40, 57], channels: 3)
    let summary = try SmallRun.play(
      "\(TopologiesTests.folder)/own-images.yaml", to: folder.path("run"),
      [
        "--rounds", "5", "--set", "clients=4", "--set", "participation.perRound=2", "--set",
        "stages.each=1", "--set", "data.path=\(images)", "--set", "data.input=[3, 16, 16]", "--set",
        "model.width=8",
      ])
    #expect(summary.rounds.count == 5 && summary.rounds.allSatisfy { $0.accepted == 2 })
    #expect(summary.final.accuracy != nil)
  }

  @Test func `broker and workers with copies of the pictures train what the simulation does`()
    throws
  {
    let folder = try Folder()
    let images = try Self.bars(in: folder, each: 40, sizes: [24, 40], channels: 3)
    let copy = folder.path("copy")
    try FileManager.default.copyItem(atPath: images, toPath: copy)
    let topology = "\(TopologiesTests.folder)/own-images.yaml"
    let options = [
      "--rounds", "4", "--set", "clients=4", "--set", "participation.perRound=2", "--set",
      "stages.each=1", "--set", "data.path=\(images)", "--set", "data.input=[3, 16, 16]", "--set",
      "model.width=8", "--set", "evaluation.every=2",
    ]
    let simulated = try SmallRun.play(
      topology, to: folder.path("simulated"), ["--clock", "real"] + options)
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json"] + options)
    #expect(broker.says("listening"), "\(broker.standardError)")
    let workers = try [("0-1", images), ("2-3", copy)].map { clients, path in
      try Command([
        "worker", "--connect", endpoint, "--clients", clients, "--data", path, "--threads", "1",
      ])
    }
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.final.modelDigest == simulated.final.modelDigest)
    #expect(summary.final.accuracy != nil && summary.final.accuracy == simulated.final.accuracy)
  }

  @Test func `an unreadable picture is told by its name before anything is trained`() throws {
    let folder = try Folder()
    let images = try Self.bars(in: folder, each: 12, sizes: [28], channels: 1)
    try Data("no picture".utf8).write(to: URL(filePath: "\(images)/lying/3.png"))
    let topology = try folder.write(
      "clients: 2\nrounds: 3\nmodel: {name: convnet}\ndata: {from: here, path: my-images}\n",
      to: "mine.yaml")
    let run = try Command(["simulate", topology, "--out", folder.path("run"), "--quiet"])
    #expect(run.status(within: 60) == 65, "\(run.standardError)")
    #expect(run.standardError.contains("lying/3.png"), "\(run.standardError)")
  }

  @Test func `samples that stay with their clients are checked without any`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      """
      clients: 3
      rounds: 6
      model: {name: convnet}
      data: {from: clients, input: [1, 28, 28], classes: [lying, standing]}

      """, to: "theirs.yaml")
    let check = try Command(["check", topology])
    #expect(check.status(within: 60) == 0, "\(check.standardError)")
    #expect(check.standardOutput.contains("1×28×28"), "\(check.standardOutput)")
    let plan = try Command(["plan", topology])
    #expect(plan.status(within: 60) == 0)
    #expect(plan.standardOutput.contains("the clients' own"))
  }
}
