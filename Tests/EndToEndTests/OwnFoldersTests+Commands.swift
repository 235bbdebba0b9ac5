import Foundation
import TestSupport
import Testing

/// Clients' own folders before a run and after it: what check, predict and sweep make of them.
extension OwnFoldersTests {
  /// The scores that predict prints.
  private struct Scores: Decodable {
    struct Client: Decodable {
      var client: Int
      var scores: Scores
    }

    var samples: Int
    var accuracy: Double
    var clients: [Client]?
  }

  private func predicted(_ options: [String]) throws -> Scores {
    let command = try Command(
      [
        "predict", topology, "--from", folder.path("simulated-/model.safetensors"), "--json",
      ] + options)
    #expect(command.status(within: 60) == 0, "\(command.standardError)")
    return try JSONDecoder().decode(
      Scores.self, from: Data(command.standardOutput.utf8))
  }

  @Test func `a model is tested on what clients hold out, and on a folder of anybody's`() throws {
    for client in 0..<2 { try fill(client, 0..<(20 + 10 * client)) }
    _ = try simulated()
    let held = try predicted(["--data", folder.path("sites/{client}")])
    #expect(held.clients?.map(\.client) == [0, 1])
    #expect(held.clients?.reduce(0) { $0 + $1.scores.samples } == held.samples)
    let all = try predicted(["--data", folder.path("sites/{client}"), "--all"])
    #expect(all.samples == 100 && held.samples > 0 && held.samples < 50)
    #expect(all.clients?.map(\.scores.samples) == [40, 60])
    for client in 0..<2 {
      let one = try predicted(["--data", site(client)])
      #expect(one.clients == nil)
      #expect(one.samples == held.clients?[client].scores.samples)
      #expect(one.accuracy == held.clients?[client].scores.accuracy)
    }
    let model = folder.path("simulated-/model.safetensors")
    for (options, status, words) in [
      ([], 64, "give --data PATH"),
      (["--data", site(0), "--set", "data.holdOut=0"], 65, "no sample is held out"),
      (["--data", folder.path("nowhere")], 69, "isn't there"),
    ] as [([String], Int32, String)] {
      let command = try Command(["predict", topology, "--from", model] + options)
      #expect(command.status(within: 60) == status, "\(options): \(command.standardError)")
      #expect(command.standardError.contains(words), "\(command.standardError)")
    }
  }

  /// The command lines of all processes that name a file of this test's folder, by words.
  private func commandLines() -> [[String]] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap { process in
      guard Int(process) != nil,
        let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
      else { return nil }
      let words = String(decoding: line, as: UTF8.self).split(separator: "\0").map(String.init)
      return words.contains { $0.hasPrefix(folder.url.path) } ? words : nil
    }
  }

  @Test func `runs of a sweep at the same time share the memory that samples may take`() throws {
    for client in 0..<2 { try fill(client, 0..<10) }
    _ = try folder.write(
      "topology: theirs.yaml\nseeds: [1, 2, 3]\nruns: {one: {}}\n", to: "sweep.yaml")
    let sweep = try Command([
      "sweep", folder.path("sweep.yaml"), "--out", folder.path("sweep"), "--jobs", "2",
      "--data", folder.path("sites/{client}"), "--cache", "9MB", "--rounds", "60",
    ])
    var sizes: [String] = []
    for _ in 0..<1000 where sizes.count < 2 {
      sizes = commandLines().filter { $0.contains("simulate") }.compactMap { words in
        words.firstIndex(of: "--cache").map { words[$0 + 1] }
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    #expect(sizes == ["4500000B", "4500000B"])
    #expect(sweep.status(within: 120) == 0, "\(sweep.standardError)")
  }

  @Test func `the numbers of clients' samples are told beforehand, and all that can't be read`()
    throws
  {
    for client in 0..<2 { try fill(client, 0..<(20 + 10 * client)) }
    let check = try Command(["check", topology, "--data", folder.path("sites/{client}")])
    #expect(check.status(within: 60) == 0, "\(check.standardError)")
    let words = check.standardOutput.split(separator: "\n").map(String.init)
    let lines = try (0..<2).map { client in
      try #require(
        words.first { $0.hasPrefix("  client \(client): ") }, "\(check.standardOutput)")
    }
    let numbers = lines.map { line in
      line.split { !$0.isNumber }.compactMap { Int($0) }
    }
    #expect(numbers.map { $0[1] + $0[2] } == [40, 60])
    // Ten samples in a batch, one epoch.
    #expect(numbers.allSatisfy { $0[3] == ($0[1] + 9) / 10 })
    let alone = try Command(["check", topology, "--data", site(1)])
    #expect(alone.status(within: 60) == 0, "\(alone.standardError)")
    #expect(
      alone.standardOutput.contains("\(numbers[1][1]) samples to train on, \(numbers[1][2]) held"))

    try Data("no picture".utf8).write(to: URL(filePath: "\(site(0))/lying/x.png"))
    try FileManager.default.createDirectory(
      atPath: "\(site(1))/leaning", withIntermediateDirectories: false)
    let broken = try Command(["check", topology, "--data", folder.path("sites/{client}")])
    #expect(broken.status(within: 60) == 65)
    for words in ["client 0: ", "lying/x.png", "client 1: ", "leaning"] {
      #expect(broken.standardError.contains(words), "\(broken.standardError)")
    }
    #expect(broken.standardOutput.isEmpty)
    try FileManager.default.removeItem(atPath: "\(site(1))/leaning")
    let few = try folder.write(Self.topology(more: ", samples: 20"), to: "few.yaml")
    let many = try Command(["check", few, "--data", site(1)])
    #expect(many.status(within: 60) == 65)
    #expect(many.standardError.contains("limits.samples"), "\(many.standardError)")
  }

  @Test func `a sweep's runs are on clients' own folders`() throws {
    for client in 0..<2 { try fill(client) }
    let sweep = try folder.write(
      "topology: theirs.yaml\nruns: {plain: {}, slow: {training.learningRate: 0.01}}\n",
      to: "sweep.yaml")
    let out = folder.path("swept")
    let without = try Command(["sweep", sweep, "--out", out, "--quiet"])
    #expect(without.status(within: 60) == 64)
    #expect(without.standardError.contains("--data 'sites/{client}'"), "\(without.standardError)")
    #expect(!FileManager.default.fileExists(atPath: out))
    let data = ["--data", folder.path("sites/{client}")]
    let swept = try Command(["sweep", sweep, "--out", out, "--quiet"] + data)
    #expect(swept.status() == 0, "\(swept.standardError)")
    let report = try Command(["report", "\(out)/plain-1", "--format", "json"])
    #expect(report.status(within: 60) == 0)
    let summary = try SmallRun.summary(report.standardOutput)
    let alone = try simulated(["--seed", "1"])
    #expect(summary.final.modelDigest == alone.final.modelDigest && alone.final.modelDigest != nil)
    // Other samples are another sweep.
    let other = try Command(
      ["sweep", sweep, "--out", out, "--quiet", "--data", folder.path("other/{client}")])
    #expect(other.status(within: 60) == 65)
    #expect(other.standardError.contains("other settings"), "\(other.standardError)")
  }

  @Test func `a run ends in the same bits however much memory samples may take`() throws {
    for client in 0..<2 { try fill(client) }
    let expected = try simulated()
    #expect(expected.final.modelDigest != nil)
    for options in [["--cache", "0B"], ["--cache", "20kB", "--clock", "real"]] {
      let summary = try simulated(options)
      #expect(summary.final.modelDigest == expected.final.modelDigest, "\(options)")
      #expect(summary.rounds.map(\.accepted) == expected.rounds.map(\.accepted))
    }
    let broker = try broker()
    let worker = try Command([
      "worker", "--connect", endpoint, "--clients", "0-1", "--data", folder.path("sites/{client}"),
      "--cache", "0B", "--threads", "2",
    ])
    #expect(worker.status() == 0, "\(worker.standardError)")
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.final.modelDigest == expected.final.modelDigest)
    #expect(!worker.standardError.contains("have changed"), "\(worker.standardError)")
    let wrong = try Command(["simulate", topology, "--cache", "much"])
    #expect(wrong.status(within: 60) == 64)
  }
}
