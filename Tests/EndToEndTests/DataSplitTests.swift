import Datasets
import Foundation
import TestSupport
import Testing

/// Client folders cut from the command line.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(3))) struct DataSplitTests {
  private struct Summary: Decodable {
    struct Share: Decodable {
      var train: Int
      var test: Int
    }

    var input: [Int]
    var names: [String]
    var clients: [Share]
  }

  private static func pictures(_ count: Int, in folder: Folder) throws -> String {
    for number in 0..<count {
      let place = folder.url.appending(path: "mine/\(["cat", "dog"][number % 2])")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      let path = place.appending(path: "\(number).png").path
      let pixels = (0..<28 * 28).map { UInt8(truncatingIfNeeded: $0 * number) }
      try PlainFile.write(
        PNGWriter.encode(pixels, rows: 28, columns: 28, channels: 1, path: path), to: path)
    }
    return folder.path("mine")
  }

  @Test func `a folder that was cut trains, and each part of it does`() throws {
    let folder = try Folder()
    let mine = try Self.pictures(60, in: folder)
    let split = try Command([
      "data", "split", mine, "--clients", "3", "--out", folder.path("sites"), "--json",
    ])
    #expect(split.status(within: 60) == 0, "\(split.standardError)")
    let summary = try JSONDecoder().decode(Summary.self, from: Data(split.standardOutput.utf8))
    #expect(summary.input == [1, 28, 28] && summary.names == ["cat", "dog"])
    #expect(summary.clients.map { $0.train + $0.test } == [20, 20, 20])
    let topology = try folder.write(
      """
      clients: 2
      rounds: 3
      model: {name: convnet}
      data: {from: here, path: sites/1, input: [1, 28, 28], classes: [cat, dog]}

      """, to: "one.yaml")
    let run = try SmallRun.play(topology, to: folder.path("run"), [])
    #expect(run.rounds.count == 3)
    let again = try Command([
      "data", "split", mine, "--clients", "3", "--out", folder.path("sites"),
    ])
    #expect(again.status(within: 60) == 65)
    #expect(again.standardError.contains("it isn't empty"), "\(again.standardError)")
  }

  @Test func `an interruption leaves no folder behind`() throws {
    let folder = try Folder()
    let target = folder.path("sites")
    let split = try Command([
      "data", "split", "fashion-mnist", "--clients", "4", "--out", target, "--threads", "1",
    ])
    let end = ContinuousClock.now + .seconds(60)
    while !FileManager.default.fileExists(atPath: "\(target).partial/3"), ContinuousClock.now < end
    {
      Thread.sleep(forTimeInterval: 0.002)
    }
    split.send(SIGINT)
    #expect(split.status(within: 60) == 130, "\(split.standardError)")
    #expect(!FileManager.default.fileExists(atPath: target))
    #expect(!FileManager.default.fileExists(atPath: "\(target).partial"))
  }
}
