import Foundation
import TestSupport
import Testing

/// What ends a simulation before its first round is told by `check`, with its place.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct CheckCommandTests {
  private func topology(_ lines: String...) -> String {
    """
    clients: 20
    rounds: 3
    model: {name: convnet}
    \(lines.joined(separator: "\n"))

    """
  }

  private func refused(
    _ text: String, in folder: Folder, status: Int32 = 65, saying words: String...
  ) throws {
    let path = try folder.write(text, to: "run.yaml")
    for command in [["check", path], ["simulate", path, "--out", folder.path("run")]] {
      let command = try Command(command)
      #expect(command.status(within: 60) == status, "\(command.standardError)")
      for word in words {
        #expect(command.standardError.contains(word), "\(command.standardError)")
      }
      #expect(command.standardOutput.isEmpty)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }

  @Test func `more clients than samples are refused, with the line and how many there may be`()
    throws
  {
    let folder = try Folder()
    let data = "data: {name: synthetic, synthetic: {shape: [1, 28, 28], train: 15, test: 5}}"
    try refused(
      topology(data), in: folder,
      saying: "run.yaml:1: 20 clients need 20 training samples, but synthetic has 15",
      "15 clients at most")
    let shards = data.replacing("synthetic:", with: "partition: {shards: 2}, synthetic:")
      .replacing("train: 15", with: "train: 30")
    try refused(topology(shards), in: folder, saying: "need 40", "15 clients at most")
  }

  @Test func `a partition by users needs users`() throws {
    let folder = try Folder()
    let data =
      "data: {name: synthetic, partition: byUser, synthetic: {shape: [1, 28, 28], train: 100, test: 5}}"
    try refused(
      topology(data), in: folder, saying: "run.yaml:4: data.partition is byUser, but synthetic")
  }

  @Test func `images of another shape than the data set's are refused`() throws {
    let folder = try Folder()
    for split in ["train", "t10k"] {
      let words: [UInt32] = [0x803, 4, 32, 32]
      let head = words.flatMap { word in
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
      }
      try Data(head + Array(repeating: 7, count: 4 * 32 * 32))
        .write(to: URL(filePath: folder.path("\(split)-images-idx3-ubyte")))
      try Data([0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 3])
        .write(to: URL(filePath: folder.path("\(split)-labels-idx1-ubyte")))
    }
    try refused(
      topology("data: {name: mnist, path: .}"), in: folder, saying: "train-images-idx3-ubyte",
      "32×32")
  }

  @Test func `asking more clients than there are is refused`() throws {
    let folder = try Folder()
    let data = "data: {name: synthetic, synthetic: {shape: [1, 28, 28]}}"
    try refused(
      topology(data, "participation: {perRound: 16, overSelect: 1.3}"), in: folder,
      saying: "run.yaml:5: participation.overSelect asks 21 clients")
  }

  @Test func `a name that leads out of the folder of runs is refused`() throws {
    let folder = try Folder()
    let data = "data: {name: synthetic, synthetic: {shape: [1, 28, 28]}}"
    try refused(topology(data, "name: ../elsewhere"), in: folder, saying: "run.yaml:5", "slash")
  }

  @Test func `a seed of all 64 bits is the run's`() throws {
    let folder = try Folder()
    let text = topology(
      "data: {name: synthetic, synthetic: {shape: [1, 28, 28]}}", "seed: 18446744073709551615")
    let path = try folder.write(text, to: "run.yaml")
    for (options, name) in [([String](), "file"), (["--seed", "9223372036854775808"], "option")] {
      let run = try Command(
        ["simulate", path, "--cost-model", "--out", folder.path(name), "--json", "--quiet"]
          + options)
      #expect(run.status(within: 60) == 0, "\(run.standardError)")
      let seed = options.last ?? "18446744073709551615"
      #expect(
        run.standardOutput.contains("\"seed\" : \(seed)")
          || run.standardOutput.contains("\"seed\":\(seed)"), "\(run.standardOutput.prefix(300))")
    }
  }
}
