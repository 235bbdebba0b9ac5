import Datasets
import Foundation
import TestSupport
import Testing

/// The tutorial's last step: a broker and two sites on hosts of their own, each with a folder that
/// nobody else sees, and keys that people carry.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ThreeHostsTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  /// A host's own folder.
  private func place(_ name: String) throws -> String {
    let path = folder.path(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// Writes pictures of two classes into a site's folder.
  private func fill(_ path: String, _ client: Int) throws {
    for (name, isBright) in [("bright", true), ("dark", false)] {
      let place = URL(filePath: path).appending(path: name)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in 0..<30 {
        let pixels = (0..<16 * 16).map { pixel in
          UInt8((isBright ? 180 : 20) + (pixel * (number + 2) + client) % 50)
        }
        let bytes = try PNGWriter.encode(pixels, rows: 16, columns: 16, channels: 1, path: name)
        try Data(bytes).write(to: place.appending(path: "\(number).png"))
      }
    }
  }

  private func keys(_ arguments: [String], on host: [String]) throws -> String {
    let command = try Command(["keys"] + arguments, within: host)
    #expect(command.status(within: 60) == 0, "\(command.standardError)")
    return command.standardOutput
  }

  @Test(.enabled(if: Hosts.arePermitted, "network namespaces can't be made"))
  func `three hosts train on folders of their own what one machine trains on both`() throws {
    let hosts = try #require(Hosts(3))
    let (broker, sites) = (try place("broker"), [try place("first"), try place("second")])
    let topology = "\(broker)/ours.yaml"
    try """
    name: ours
    clients: 2
    rounds: 3
    model: {name: convnet}
    data:
      from: clients
      input: [1, 16, 16]
      classes: [bright, dark]
      normalization: {mean: [0.3], deviation: [0.3]}
    stages: {each: 1}
    training: {batch: 20, learningRate: 0.05}
    participation: {deadline: 30 min, minimum: 2}
    codecs: {up: linear8, down: linear8}
    limits: {announce: 100 ms, gather: 300 ms, join: 100 ms, farewell: 500 ms}

    """.write(toFile: topology, atomically: true, encoding: .utf8)
    for (client, site) in sites.enumerated() {
      try fill("\(site)/scans", client)
      // For the simulation, which is on one machine.
      try FileManager.default.createSymbolicLink(
        atPath: folder.path("site-\(client)"), withDestinationPath: "\(site)/scans")
    }
    _ = try keys(["broker", "--out", "\(broker)/keys"], on: hosts.wrappers[0])
    let list = "\(broker)/keys/allow.list"
    var lines = try String(contentsOfFile: list, encoding: .utf8)
    for (client, site) in sites.enumerated() {
      lines += try keys(
        ["worker", "site-\(client)", "--clients", "\(client)", "--out", "\(site)/keys"],
        on: hosts.wrappers[client + 1])
      try FileManager.default.copyItem(
        atPath: "\(broker)/keys/broker.public", toPath: "\(site)/broker.public")
    }
    try lines.write(toFile: list, atomically: true, encoding: .utf8)

    let server = try Command(
      [
        "broker", topology, "--bind", "tcp://0.0.0.0:5701", "--keys",
        "\(broker)/keys/broker.secret", "--allow", list, "--out", "\(broker)/run", "--json",
      ], within: hosts.wrappers[0])
    #expect(server.says("listening"), "\(server.standardError)")
    let workers = try sites.enumerated().map { client, site in
      try Command(
        [
          "worker", "--connect", "tcp://\(hosts.addresses[0]):5701", "--clients", "\(client)",
          "--data", "\(site)/scans", "--keys", "\(site)/keys/site-\(client).secret",
          "--broker-key", "\(site)/broker.public",
        ], within: hosts.wrappers[client + 1])
    }
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    #expect(server.status() == 0, "\(server.standardError)")
    // Who comes while others wait is told at once, who completes them may be told with later news.
    let arrivals = hosts.addresses.dropFirst().enumerated().map { client, address in
      "here: worker site-\(client) at \(address), with client \(client)"
    }
    #expect(
      arrivals.contains(where: server.standardError.contains), "\(server.standardError)")
    let summary = try SmallRun.summary(server.standardOutput)
    #expect(summary.rounds.map(\.accepted) == [2, 2, 2])
    let simulated = try SmallRun.play(
      topology, to: folder.path("virtual"), ["--data", folder.path("site-{client}")])
    #expect(summary.final.modelDigest == simulated.final.modelDigest)
    #expect(summary.final.modelDigest != nil)
  }
}
