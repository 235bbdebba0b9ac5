import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct SegmentationTests {
  /// Discs on noise, found by a small U-Net that grows once.
  private static func topology(order: String = "outermost-first", more: String = "") -> String {
    """
    name: discs
    clients: 3
    model:
      name: unet
      stages: 2
      levels: 3
      width: 4
      order: \(order)
    \(more)
    data:
      name: synthetic
      synthetic: {shape: [1, 32, 32], classes: 3, train: 48, test: 12, masks: true}
    stages:
      rounds: [2, 2]
      warmUp: 1
    training:
      epochs: 2
      batch: 4
      learningRate: 0.1
    """
  }

  private struct Summary: Decodable {
    struct Round: Decodable {
      var accuracy: Double?
      var dice: Double?
    }
    var rounds: [Round]
    var final: Round
  }

  private struct Scores: Decodable {
    struct Region: Decodable {
      var name: String
      var dice: Double
    }
    var stage: Int
    var samples: Int
    var accuracy: Double
    var dice: Double?
    var regions: [Region]
  }

  @Test(arguments: ["outermost-first", "bottom-first"])
  func `a U-Net grows, reports Dice, and its masks can be drawn`(order: String) throws {
    let folder = try Folder()
    let topology = try folder.write(Self.topology(order: order), to: "discs.yaml")
    let run = try Command(["simulate", topology, "--out", folder.path("run"), "--json", "--quiet"])
    #expect(run.status() == 0, "\(run.standardError)")
    let summary = try JSONDecoder().decode(Summary.self, from: Data(run.standardOutput.utf8))
    #expect(summary.rounds.count == 4)
    #expect(summary.rounds.allSatisfy { ($0.dice ?? -1) >= 0 && ($0.accuracy ?? -1) > 0 })
    let final = try #require(summary.final.dice)
    let model = folder.path("run/model.safetensors")
    let (picture, tensors) = (folder.path("masks.png"), folder.path("outputs.safetensors"))
    let predict = try Command([
      "predict", topology, "--from", model, "--out", picture, "--tensors", tensors, "--json",
    ])
    #expect(predict.status() == 0, "\(predict.standardError)")
    let scores = try JSONDecoder().decode(Scores.self, from: Data(predict.standardOutput.utf8))
    #expect(scores.stage == 2 && scores.samples == 12)
    #expect(scores.regions.map(\.name) == ["class 1", "class 2"])
    #expect(abs(try #require(scores.dice) - final) < 1e-12)
    let png = try Data(contentsOf: URL(filePath: picture))
    #expect(png.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
    #expect(FileManager.default.fileExists(atPath: tensors))
  }

  @Test func `a run starts from another's model, the later blocks when they are born`() throws {
    let folder = try Folder()
    let topology = try folder.write(Self.topology(), to: "discs.yaml")
    let first = try Command([
      "simulate", topology, "--out", folder.path("run"), "--json", "--quiet",
    ])
    #expect(first.status() == 0, "\(first.standardError)")
    let before = try JSONDecoder().decode(Summary.self, from: Data(first.standardOutput.utf8))
    // Nothing is learned at such a rate: what the last round is worth is the file's own worth.
    let still = ["--set", "training.learningRate=1e-12", "--set", "stages.warmUp=0"]
    let more = "  from: run/model.safetensors"
    let second = try folder.write(Self.topology(more: more), to: "second.yaml")
    let again = try Command(["simulate", second, "--out", folder.path("2"), "--json"] + still)
    #expect(again.status() == 0, "\(again.standardError)")
    let after = try JSONDecoder().decode(Summary.self, from: Data(again.standardOutput.utf8))
    let (old, new) = (try #require(before.final.dice), try #require(after.final.dice))
    #expect(abs(old - new) < 1e-3)
    // The option does what the key does.
    let option = try Command(
      ["simulate", topology, "--from", folder.path("run/model.safetensors")]
        + ["--out", folder.path("3"), "--json"] + still)
    #expect(option.status() == 0, "\(option.standardError)")
    let third = try JSONDecoder().decode(Summary.self, from: Data(option.standardOutput.utf8))
    #expect(third.final.dice == after.final.dice)
  }

  @Test func `a broken model file is refused with its name and what is wrong`() throws {
    let folder = try Folder()
    let topology = try folder.write(Self.topology(), to: "discs.yaml")
    let run = try Command(
      ["simulate", topology, "--out", folder.path("run"), "--rounds", "2", "--quiet", "--json"])
    #expect(run.status() == 0, "\(run.standardError)")
    let model = try Data(contentsOf: URL(filePath: folder.path("run/model.safetensors")))
    var endless = model
    endless.append(Data(count: 1 << 20))
    for (name, bytes, word) in [
      ("cut", model.prefix(model.count / 2), "cut off"), ("empty", Data(), "cut off"),
      ("noise", Data(repeating: 0xAB, count: 5000), "isn't a safetensors file"),
      ("endless", endless, "holds more than"),
    ] {
      let path = folder.path(name)
      try bytes.write(to: URL(filePath: path))
      let command = try Command(["simulate", topology, "--from", path, "--out", folder.path("x")])
      #expect(command.status() == 65)
      #expect(
        command.standardError.contains(path) && command.standardError.contains(word),
        "\(command.standardError)")
    }
    // Of a model with other channels, every tensor is named.
    let other = try Command([
      "simulate", topology, "--from", folder.path("run/model.safetensors"), "--set",
      "model.width=8", "--out", folder.path("x"),
    ])
    #expect(other.status() == 65)
    #expect(
      other.standardError.contains("block1.encoder1.conv1.weight is 4×1×3×3 and must be 8×1×3×3"))
    let missing = try Command(["simulate", topology, "--from", folder.path("nothing")])
    #expect(missing.status() == 69)
    #expect(missing.standardError.contains("isn't there"))
  }
}
