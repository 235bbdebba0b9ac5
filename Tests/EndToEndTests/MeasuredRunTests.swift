import Datasets
import Foundation
import TestSupport
import Testing

/// Runs whose clients measure their samples together before the first round.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct MeasuredRunTests {
  private static let sites = 3
  private let folder: Folder
  private let topology: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(Self.topology, to: "measured.yaml")
    for site in 0..<Self.sites { try fill(site) }
  }

  private static let topology = """
    name: measured
    seed: 7
    clients: \(sites)
    model: {name: convnet}
    data:
      from: clients
      input: [1, 16, 16]
      classes: [lying, standing]
      normalization: federated
      holdOut: 0
    stages: {rounds: [1, 1, 1]}
    participation: {minimum: \(sites)}
    codecs: {up: linear8, down: linear8}
    training: {batch: 10}
    evaluation: {minimum: {samples: 4, clients: 2}}
    limits: {announce: 100 ms, gather: 300 ms, join: 100 ms, fetch: 500 ms, offer: 500 ms, farewell: 500 ms}

    """

  /// A site's picture of a bar that lies or stands; no two sites' are equally bright.
  private static func picture(_ number: Int, isStanding: Bool, of site: Int) -> [UInt8] {
    let middle = 4 + (number * 5 + site) % 8
    return (0..<256).map { place in
      let isBar = abs((isStanding ? place % 16 : place / 16) - middle) < 2
      return UInt8(isBar ? 120 + 40 * site - number : 10 + 30 * site)
    }
  }

  /// The number of pictures of each class that a site has.
  private static func count(of site: Int) -> Int { 6 + 4 * site }

  private func fill(_ site: Int) throws {
    for (name, isStanding) in [("lying", false), ("standing", true)] {
      let place = folder.url.appending(path: "sites/\(site)/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in 0..<Self.count(of: site) {
        let pixels = Self.picture(number, isStanding: isStanding, of: site)
        let bytes = try PNGWriter.encode(pixels, rows: 16, columns: 16, channels: 1, path: name)
        try Data(bytes).write(to: place.appending(path: "\(number).png"))
      }
    }
  }

  /// The mean and the deviation of all sites' pixels, in two passes.
  private static func measured() -> (mean: Double, deviation: Double) {
    let pixels = (0..<sites).flatMap { site in
      (0..<count(of: site)).flatMap { number in
        picture(number, isStanding: false, of: site) + picture(number, isStanding: true, of: site)
      }
    }.map { Double($0) / 255 }
    let mean = pixels.reduce(0, +) / Double(pixels.count)
    let variance = pixels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pixels.count)
    return (mean, variance.squareRoot())
  }

  private func simulated(_ name: String, _ options: [String] = []) throws -> SmallRun.Summary {
    try SmallRun.play(
      topology, to: folder.path(name), ["--data", folder.path("sites/{client}")] + options)
  }

  private func workers(at endpoint: String) throws -> [Command] {
    try (0..<Self.sites).map { site in
      try Command([
        "worker", "--connect", endpoint, "--clients", "\(site)", "--data",
        folder.path("sites/\(site)"), "--threads", "1",
      ])
    }
  }

  @Test func `sites that share nothing but sums train by the figures of all their samples`() throws
  {
    let expected = try simulated("virtual")
    let made = try #require(expected.normalization)
    let (mean, deviation) = Self.measured()
    #expect(made.clients == Self.sites && made.samples == 60)
    #expect(made.means.count == 1 && abs(Double(made.means[0]) - mean) < 1e-7)
    #expect(made.deviations.count == 1 && abs(Double(made.deviations[0]) - deviation) < 1e-7)
    for direction in ["down", "up"] {
      #expect(expected.kinds?["statistics"]?[direction]?.wire ?? 0 > 0, "\(direction)")
    }
    for options in [["--clock", "real"], ["--threads", "1"]] {
      let other = try simulated(options.joined(), options)
      #expect(other.final.modelDigest == expected.final.modelDigest, "\(options)")
      #expect(other.normalization == made, "\(options)")
    }
    // Another normalization makes another model.
    let given = try simulated(
      "given", ["--set", "data.normalization={mean: [0.1], deviation: [0.1]}"])
    #expect(given.normalization == nil)
    #expect(given.final.modelDigest != expected.final.modelDigest)

    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command([
      "broker", topology, "--bind", endpoint, "--out", folder.path("run"), "--json",
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    let workers = try workers(at: endpoint)
    for worker in workers {
      #expect(worker.status() == 0, "\(worker.standardError)")
      #expect(worker.standardError.contains("adds its training samples up"))
    }
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.final.modelDigest == expected.final.modelDigest)
    #expect(summary.normalization == made)
    #expect(summary.rounds.map(\.accepted) == [Self.sites, Self.sites, Self.sites])
    #expect(broker.standardError.contains("3 clients are asked for sums"))
    let report = try Command(["report", folder.path("run")])
    #expect(report.status(within: 20) == 0)
    #expect(report.standardOutput.contains("normalized by the sums of 3 clients over 60 samples"))
  }

  @Test func `a broker killed while samples are measured, or after, goes on by the same figures`()
    throws
  {
    let expected = try simulated("undisturbed")
    for point in [
      "sums-reported:1", "normalization-kept:1", "round-opened:1", "ledger-committed:1",
    ] {
      let endpoint = "ipc://\(folder.path(String(point.prefix { $0 != ":" })))"
      let run = folder.path("run-\(point)")
      let victim = try Command(
        ["broker", topology, "--bind", endpoint, "--out", run],
        environment: ["PROGFED_KILL_AT": point])
      #expect(victim.says("listening"), "\(victim.standardError)")
      let workers = try workers(at: endpoint)
      #expect(victim.status(within: 60) == SIGKILL, "\(point): \(victim.standardError)")
      let broker = try Command(["broker", "--resume", run, "--bind", endpoint, "--json"])
      #expect(broker.status(within: 60) == 0, "\(point): \(broker.standardError)")
      for worker in workers {
        #expect(worker.status(within: 60) == 0, "\(point): \(worker.standardError)")
      }
      let summary = try SmallRun.summary(broker.standardOutput)
      #expect(summary.normalization == expected.normalization, "\(point)")
      #expect(summary.final.modelDigest == expected.final.modelDigest, "\(point)")
      // What is kept isn't measured again.
      let measures = broker.standardError.contains("are asked for sums")
      #expect(measures == (point == "sums-reported:1"), "\(point): \(broker.standardError)")
    }
  }

  @Test func `a model tells by which figures it was trained, and predicts by them`() throws {
    let run = try simulated("model")
    let made = try #require(run.normalization)
    let model = folder.path("model/model.safetensors")
    let given = "{mean: \(made.means), deviation: \(made.deviations)}"
    let scores = try ["none", "federated", given].map { normalization in
      let predict = try Command([
        "predict", topology, "--from", model, "--json", "--set", "data.from=here", "--set",
        "data.path=\(folder.path("sites/1"))", "--set", "data.holdOut=0.5", "--set",
        "data.normalization=\(normalization)",
      ])
      #expect(predict.status(within: 60) == 0, "\(predict.standardError)")
      return predict.standardOutput
    }
    #expect(scores[0] == scores[2] && scores[1] == scores[2] && !scores[2].isEmpty)
  }

  @Test func `fewer sites than the minimum never train, and the run says what it lacks`() throws {
    let run = try Command([
      "simulate", topology, "--out", folder.path("few"), "--data", folder.path("sites/{client}"),
      "--quiet", "--set", "evaluation.minimum.samples=14", "--set",
      "evaluation.minimum.clients=3", "--set", "participation.patience=2 min",
    ])
    #expect(run.status(within: 60) != 0)
    #expect(run.standardError.contains("2 of 3"), "\(run.standardError)")
  }

  @Test func `a device that is away doesn't add its samples up meanwhile`() throws {
    // Site 2 needs a minute, and goes away for another one.
    let trace = #"{"0": {"active": [0, 70], "inactive": [10, 1e8], "finish_time": 1e8}}"#
    let away = try folder.write(trace, to: "away.json")
    let fleet = [
      "--set", "devices={slow: {speed: 0.00036 MFLOP/s}}", "--set",
      "availability={field: {trace: \(away)}}", "--set", "limits.silence=10 min", "--set",
      "participation.deadline=100 s", "--set", "participation.quorum=2", "--set",
      "participation.grace=1 s",
    ]
    let groups = { (more: String) in
      ["--set", "groups={near: {clients: 2}, field: {clients: 1, device: slow\(more)}}"]
    }
    let here = try simulated("here", fleet + groups(""))
    #expect(here.normalization?.clients == 3)
    let gone = try simulated("gone", fleet + groups(", availability: field"))
    #expect(gone.normalization?.clients == 2)
  }
}
