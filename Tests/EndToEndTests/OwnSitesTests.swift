import Foundation
import TestSupport
import Testing

/// The topology of ten hospitals, played by processes that have folders of their own and share
/// nothing but a port.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(8))) struct OwnSitesTests {
  private static let sites = 3
  /// What makes the shipped topology one of seconds.
  private static let smaller =
    [
      "--rounds", "4", "--set", "clients=\(sites)", "--set", "stages.each=1", "--set",
      "model.width=4", "--set", "data.input=[1, 16, 16]", "--set",
      "data.slices={rows: 16, columns: 16, step: 1, every: 1}",
    ]

  /// Studies of 16×16×4 voxels: a bright disc, within it a brighter one, and their labels.
  private static func scans(_ count: Int, in folder: Folder) throws -> String {
    for study in 0..<count {
      var (image, labels): ([UInt8], [UInt8]) = ([], [])
      for slice in 0..<4 {
        for row in 0..<16 {
          for column in 0..<16 {
            let (y, x) = (row - 7 - study % 3, column - 7 + study % 2)
            let distance = y * y + x * x
            let label = distance < 10 + 2 * slice ? 2 : distance < 40 ? 1 : 0
            labels.append(UInt8(label))
            image.append(UInt8(10 + 90 * label + (row * 7 + column * 3 + study) % 20))
          }
        }
      }
      for (part, voxels) in [("imagesTr", image), ("labelsTr", labels)] {
        let place = folder.url.appending(path: "scans/\(part)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data(NIfTIBytes([16, 16, 4], voxels).bytes)
          .write(to: place.appending(path: "scan-\(study).nii"))
      }
    }
    return folder.path("scans")
  }

  @Test func `hospitals train with scans that stay with them, as they do in simulation`() throws {
    let folder = try Folder()
    let split = try Command([
      "data", "split", try Self.scans(9, in: folder), "--clients", "\(Self.sites)", "--out",
      folder.path("sites"), "--json",
    ])
    #expect(split.status(within: 60) == 0, "\(split.standardError)")
    let topology = "\(TopologiesTests.folder)/hospitals.yaml"
    let simulated = try SmallRun.play(
      topology, to: folder.path("simulated"),
      ["--clock", "real", "--data", folder.path("sites/{client}")] + Self.smaller)
    #expect(simulated.rounds.count == 4)
    let measured = try #require(simulated.normalization)
    #expect(measured.clients == Self.sites && measured.means.count == 1)
    let virtual = try SmallRun.play(
      topology, to: folder.path("virtual"),
      ["--data", folder.path("sites/{client}")] + Self.smaller)
    #expect(virtual.final.modelDigest == simulated.final.modelDigest)
    #expect(virtual.normalization == measured)

    // The broker's folder has nothing in it; each site's is the only one that its worker is told.
    let endpoint = "tcp://127.0.0.1:\(try freePorts())"
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("broker"), "--json"]
        + Self.smaller)
    #expect(broker.says("listening"), "\(broker.standardError)")
    #expect(
      broker.standardError.contains(
        "data: the samples stay with the clients: all clients test the model on what they hold out"),
      "\(broker.standardError)")
    let workers = try (0..<Self.sites).map { site in
      try Command([
        "worker", "--connect", endpoint, "--clients", "\(site)", "--data",
        folder.path("sites/\(site)"), "--threads", "1",
      ])
    }
    for worker in workers { #expect(worker.status() == 0, "\(worker.standardError)") }
    #expect(broker.status() == 0, "\(broker.standardError)")
    let summary = try SmallRun.summary(broker.standardOutput)
    #expect(summary.rounds.count == 4 && summary.rounds.allSatisfy { $0.accepted == Self.sites })
    #expect(summary.final.modelDigest == simulated.final.modelDigest)
    #expect(summary.normalization == measured)
    #expect(summary.final.modelDigest != nil)
    #expect(summary.final.accuracy == simulated.final.accuracy)
    #expect(summary.final.accuracy ?? 0 > 0)
  }
}
