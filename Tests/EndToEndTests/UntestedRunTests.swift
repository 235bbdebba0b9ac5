import Foundation
import TestSupport
import Testing

/// Runs whose data has nothing to test with.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct UntestedRunTests {
  private struct Summary: Decodable {
    struct Round: Decodable {
      var accuracy: Double?
      var loss: Double?
      var dice: Double?
    }
    var rounds: [Round]
    var final: Round
    var counters: [String: Int]
  }

  /// MNIST's four files with 30 images to train on and none to test with, and a topology for them.
  private func digits(_ folder: Folder) throws -> String {
    func write(_ extents: [Int], _ values: [UInt8], to name: String) throws {
      let header: [UInt8] =
        [0, 0, 8, UInt8(extents.count)]
        + extents.flatMap { extent in [24, 16, 8, 0].map { UInt8(extent >> $0 & 255) } }
      try Data(header + values).write(to: folder.url.appending(path: name))
    }
    let pixels = (0..<30 * 784).map { UInt8($0 % 251) }
    try write([30, 28, 28], pixels, to: "train-images-idx3-ubyte")
    try write([30], (0..<30).map { UInt8($0 % 10) }, to: "train-labels-idx1-ubyte")
    try write([0, 28, 28], [], to: "t10k-images-idx3-ubyte")
    try write([0], [], to: "t10k-labels-idx1-ubyte")
    return try folder.write(
      """
      name: untested
      clients: 3
      model: {name: convnet}
      data: {name: mnist, path: .}
      stages: {rounds: [1, 1, 1]}
      evaluation: {every: 1}
      """, to: "untested.yaml")
  }

  private func check(_ folder: Folder, _ run: Command, json: String) throws {
    #expect(
      run.standardError.contains("has no test samples: the model is trained and never tested"))
    #expect(!run.standardError.contains("collapse"))
    let summary = try JSONDecoder().decode(Summary.self, from: Data(json.utf8))
    for round in summary.rounds + [summary.final] {
      #expect(round.accuracy == nil && round.loss == nil && round.dice == nil)
    }
    #expect(summary.counters["evaluation without test samples"] == summary.rounds.count)
    #expect(json.contains("\"accuracy\":null") || json.contains("\"accuracy\" : null"))
    let text = try Command(["report", folder.path("run")])
    #expect(text.status() == 0)
    #expect(text.standardOutput.contains("not evaluated: there are no test samples"))
    let page = try String(contentsOfFile: folder.path("run/report.html"), encoding: .utf8)
    #expect(page.contains("The model was not evaluated: there are no test samples."))
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    where name.hasPrefix("events.out.tfevents.") {
      let events = try Data(contentsOf: folder.url.appending(path: "run/\(name)"))
      #expect(events.range(of: Data("test/".utf8)) == nil)
      #expect(events.range(of: Data("round/seconds".utf8)) != nil)
    }
  }

  @Test(arguments: ["virtual", "real"])
  func `a test file without images gives no figure anywhere`(clock: String) throws {
    let folder = try Folder()
    let topology = try digits(folder)
    let run = try Command([
      "simulate", topology, "--clock", clock, "--out", folder.path("run"), "--json",
    ])
    #expect(run.status() == 0, "\(run.standardError)")
    try check(folder, run, json: run.standardOutput)
    let predict = try Command(["predict", topology, "--from", folder.path("run/model.safetensors")])
    #expect(predict.status() == 65)
    #expect(predict.standardError.contains("mnist has no test samples"))
  }

  @Test func `a test patient who shows nothing gives no figure, and is named`() throws {
    let folder = try Folder()
    for (study, level) in [("a", 1), ("b", 2), ("empty", 0)] {
      let image = (0..<512).map { Int16(level * (1 + $0 % 7)) }
      for (kind, values) in [("imagesTr", image), ("labelsTr", image.map { $0 % 2 })] {
        try FileManager.default.createDirectory(
          at: folder.url.appending(path: kind), withIntermediateDirectories: true)
        try Data(NIfTIBytes([16, 16, 2], values, type: 4).bytes)
          .write(to: folder.url.appending(path: "\(kind)/\(study).nii"))
      }
    }
    let topology = try folder.write(
      """
      name: hidden
      clients: 2
      model: {name: unet, stages: 2, levels: 3, width: 4}
      data:
        name: nifti
        path: .
        partition: byUser
        slices: {rows: 16, columns: 16, step: 1, every: 1}
      stages: {rounds: [1, 2]}
      training: {batch: 2}
      evaluation: {every: 1}
      """, to: "hidden.yaml")
    let run = try Command(["simulate", topology, "--out", folder.path("run"), "--json"])
    #expect(run.status() == 0, "\(run.standardError)")
    #expect(run.standardError.contains("no slice is used of empty"))
    try check(folder, run, json: run.standardOutput)
  }
}
