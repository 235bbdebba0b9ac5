import Codecs
import Datasets
import Federation
import Foundation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Testing
import Topology

/// The topologies of the paper's settings and of the U-Net.
struct PaperTests {
  private static func text(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(
      contentsOf: folder.appending(path: "topologies/\(name).yaml"), encoding: .utf8)
  }

  @Test(arguments: [
    ("emnist-convnet", "convnet", 3400, 68, [250, 250, 1000], 5),
    ("cifar10-convnet", "convnet-cifar", 100, 10, [250, 250, 250, 1250], 5),
    ("cifar10-vgg16", "vgg16", 100, 10, [250, 250, 250, 1250], 5),
    ("cifar100-resnet18", "resnet18", 500, 40, [375, 375, 375, 1875], 25),
    ("resnet18-synthetic", "resnet18", 8, 4, [2, 2, 2, 2], 1),
    ("brats-unet", "unet", 10, 10, [12, 12, 12, 64], 0),
    ("unet-mri", "unet", 10, 10, [5, 5, 30], 1),
  ])
  func `a topology is what the paper says`(
    name: String, model: String, clients: Int, perRound: Int, rounds: [Int], warmUp: Int
  ) throws {
    let topology = try Texts.topology(Self.text(name))
    #expect(topology.name == name)
    #expect(topology.architecture.name == model)
    #expect(topology.clients == clients)
    #expect(topology.rules.clientsPerRound == perRound)
    #expect(topology.growthSchedule.rounds == rounds)
    #expect(topology.growthSchedule.warmUpRounds == warmUp)
    #expect(TopologyCheck(topology).saving > 1)
  }

  @Test(arguments: [
    "emnist-convnet", "cifar10-convnet", "cifar10-vgg16", "cifar100-resnet18", "brats-unet",
    "unet-mri",
  ])
  func `a topology whose data isn't there says where to get it`(name: String) throws {
    let faults = Texts.faults(try Self.text(name), checksFiles: true)
    #expect(faults.map(\.path) == ["data.path"])
    let text = faults.map(\.words).joined()
    #expect(text.contains("isn't there"))
    #expect(text.contains("http") || text.contains("pip download"))
  }

  @Test func `a U-Net's options are read, and are part of the plan`() throws {
    let text = try Self.text("unet-mri")
    let plan = try Texts.topology(text).planDigest
    for (old, new) in [
      ("order: outermost-first", "order: bottom-first"), ("width: 8", "width: 16"),
      ("stages: 3 ", "stages: 2 "), ("stages: 3 ", "stages: 3\n  levels: 3"),
      ("loss: cross-entropy+dice", "loss: dice"), ("sites: 10", "sites: 10\n  siteSeed: 4"),
      ("step: 2", "step: 1"),
    ] {
      #expect(text.contains(old))
      let other = try Texts.topology(text.replacingOccurrences(of: old, with: new))
      #expect(other.planDigest != plan, "\(new)")
    }
    let bottom = text.replacingOccurrences(
      of: "order: outermost-first", with: "order: bottom-first")
    #expect(try Texts.topology(bottom).architecture.nesting == .bottomFirst)
  }

  @Test
  func `the file that a model starts from lies beside the topology and is the broker's affair`()
    throws
  {
    let plain = try Texts.topology(Texts.least)
    let line = "  name: convnet\n  from: models/start.safetensors"
    let text = Texts.replacing(line: 4, by: line)
    let topology = try Topology(parsing: text, file: "some/where.yaml", checksFiles: false)
    #expect(topology.startsFrom == "some/models/start.safetensors")
    #expect(plain.startsFrom == nil)
    #expect(topology.planDigest == plain.planDigest)
  }

  @Test(arguments: [
    ("name: icbm152", "name: cifar10", "model.name", "choose"),
    ("name: unet\n", "name: convnet\n", "model.order", "no option order"),
    (
      "order: outermost-first", "order: outermostfirst", "model.order",
      "did you mean outermost-first?"
    ),
    ("loss: cross-entropy+dice", "loss: focal", "model.loss", "cross-entropy"),
    ("stages: 3 ", "stages: 3\n  levels: 2 ", "model.stages", "1 to 2"),
    ("stages: 3 ", "stages: 9 ", "model.levels", "1 to 8"),
    ("width: 8", "width: 8\n  stem: cifar", "model.stem", "no option stem"),
    ("rows: 112", "rows: 111", "model.name", "multiples"),
    ("rows: 112", "rows: 0", "data.slices.rows", "is 0"),
    ("sites: 10", "modalities: 2", "data.modalities", "means nothing to icbm152"),
    ("sites: 10", "sites: 10\n  synthetic: {classes: 3}", "data.synthetic", "means nothing"),
  ])
  func `what doesn't fit a segmentation is told`(
    old: String, new: String, path: String, part: String
  ) throws {
    let text = try Self.text("unet-mri")
    #expect(text.contains(old))
    let faults = Texts.faults(text.replacingOccurrences(of: old, with: new))
    #expect(
      faults.contains { $0.path == path && $0.words.contains(part) },
      "\(faults.map(\.words))")
  }

  @Test func `synthetic images are of the shape that is asked for`() throws {
    let images = Texts.replacing(
      line: 6,
      by: "  name: synthetic\n  synthetic: {shape: [3, 32, 32], classes: 7, train: 50, test: 20}")
    let text = images.replacingOccurrences(of: "convnet", with: "convnet-cifar")
    let topology = try Texts.topology(text)
    #expect(topology.architecture.input == [3, 32, 32])
    #expect(topology.architecture.classes == 7)
    let split = try topology.data.load()
    #expect(split.train.count == 50 && split.test.count == 20)
    for (wrong, path) in [
      ("[3, 32]", "data.synthetic.shape"), ("[3, 32, 0]", "data.synthetic.shape[3]"),
      ("3", "data.synthetic.shape"),
    ] {
      let faults = Texts.faults(text.replacingOccurrences(of: "[3, 32, 32]", with: wrong))
      #expect(faults.map(\.path).contains(path))
    }
  }
}
