import Datasets
import Federation
import Foundation
import Models
import Tensors
import TestSupport
import Testing
import Topology

/// Samples that the program doesn't know: `data: {from: here}` and `{from: clients}`.
@Suite struct OwnDataTests {
  /// A topology with the given section `data` on one line, line 5.
  private static func text(_ data: String, model: String = "convnet") -> String {
    "clients: 2\nrounds: 12\nmodel:\n  name: \(model)\ndata: {\(data)}\n"
  }

  /// A folder of so many grey pictures for each class, of so many rows and columns.
  private static func pictures(
    _ classes: [String], each count: Int = 6, size: Int = 28, in folder: Folder
  ) throws {
    for (number, name) in classes.enumerated() {
      let place = folder.url.appending(path: "my-images/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for index in 0..<count {
        let pixels = (0..<size * size).map { UInt8(truncatingIfNeeded: $0 * (number + 1) + index) }
        let path = place.appending(path: "\(index).png").path
        let bytes = try PNGWriter.encode(
          pixels, rows: size, columns: size, channels: 1, path: path)
        try Data(bytes).write(to: URL(filePath: path))
      }
    }
  }

  @Test func `a folder of pictures needs nothing said but its path`() throws {
    let folder = try Folder()
    try Self.pictures(["cat", "dog", "eel"], in: folder)
    let path = try folder.write(Self.text("from: here, path: my-images"), to: "own.yaml")
    let topology = try Topology(contentsOf: path)
    #expect(topology.data.name == "my-images")
    #expect(topology.data.facts.input == [1, 28, 28] && topology.architecture.classes == 3)
    #expect(topology.data.source.format?.labels == .classes(["cat", "dog", "eel"]))
    let split = try topology.data.load()
    #expect(split.train.count + split.test.count == 18 && split.test.count > 0)
    #expect(split.train.normalization == ChannelSums(split.train).normalization)
    #expect(split.test.normalization == split.train.normalization)
    let plan = topology.plan
    for line in [
      "data.from: here", "data.input: [1, 28, 28]", "data.classes: [cat, dog, eel]",
      "data.normalization: federated", "data.holdOut: {share: 0.2, seed: 0}",
    ] { #expect(plan.contains("\n\(line)\n"), "\(line)") }
    // The plan says it all but the path, with which the same samples are read.
    let planned = try Topology(plan: plan)
    #expect(planned.plan == plan && planned.data.path == nil)
    let error = #expect(throws: DatasetError.self) { try planned.data.load() }
    #expect("\(try #require(error))".contains("data.path"))
    let own = try Topology(
      plan: plan, overrides: Overrides(settings: ["data.path=\(folder.path("my-images"))"]))
    #expect(try own.data.load().train.labels == split.train.labels)
  }

  @Test func `the topology for one's own images takes pictures of any size`() throws {
    let folder = try Folder()
    try Self.pictures(["cat", "dog"], each: 40, size: 45, in: folder)
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "topologies/own-images.yaml")
    let topology = try Topology(
      contentsOf: file.path,
      overrides: Overrides(settings: ["data.path=\(folder.path("my-images"))"]))
    #expect(topology.architecture.input == [3, 32, 32] && topology.architecture.classes == 2)
    #expect(try topology.data.load().train.input == [3, 32, 32])
    #expect(try Topology(plan: topology.plan).plan == topology.plan)
    #expect(TopologyCheck(topology).text().contains("2 classes: cat, dog"))
  }

  @Test func `limits of own samples leave some of each class`() throws {
    let folder = try Folder()
    try Self.pictures(["cat", "dog"], each: 40, in: folder)
    let path = try folder.write(
      Self.text("from: here, path: my-images, limit: {train: 20, test: 4}"), to: "own.yaml")
    let split = try Topology(contentsOf: path).data.load()
    #expect(split.train.count == 20 && split.test.count == 4)
    #expect(Set(split.train.labels) == [0, 1])
  }

  @Test func `another hold-out seed holds others out`() throws {
    let folder = try Folder()
    try Self.pictures(["cat", "dog"], each: 30, in: folder)
    let pixels = try ["0", "1"].map { seed in
      let path = try folder.write(
        Self.text("from: here, path: my-images, holdOut: {share: 30 %, seed: \(seed)}"),
        to: "own.yaml")
      let test = try Topology(contentsOf: path).data.load().test
      guard case .bytes(let values) = test.pixels else { return [UInt8]() }
      return values
    }
    #expect(pixels[0] != pixels[1] && !pixels[0].isEmpty)
  }

  @Test func `a table's column of labels is called by its name`() throws {
    let folder = try Folder()
    let rows = (0..<40).map { "\($0),\(Double($0) / 7),\($0.isMultiple(of: 2) ? "up" : "down")" }
    _ = try folder.write("a,b,state\n" + rows.joined(separator: "\n") + "\n", to: "sensors.csv")
    let data = "from: here, path: sensors.csv, label: state, normalization: none"
    let faults = Texts.faults(
      Self.text(data.replacing("sensors.csv", with: folder.path("sensors.csv"))))
    // What remains is that a convolution takes no table.
    #expect(faults.map(\.path) == ["model.name"], "\(faults.map(\.words))")
    #expect(faults.first?.words.contains("images of 2×1×1") == true)
    let path = try folder.write(Self.text(data, model: "mlp"), to: "own.yaml")
    let topology = try Topology(contentsOf: path)
    #expect(topology.data.source.format?.labels == .classes(["down", "up"]))
    #expect(
      topology.plan.contains("\ndata.input: [2]\ndata.classes: [down, up]\ndata.label: state\n"))
    let split = try topology.data.load()
    #expect(split.train.count + split.test.count == 40 && split.train.input == [2, 1, 1])
  }

  @Test func `clients' own samples are described and not read`() throws {
    let topology = try Texts.topology(
      Self.text(
        "from: clients, input: [3, 32, 32], classes: [cat, dog], fit: resize, holdOut: 10 %, "
          + "normalization: {mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.2, 0.25]}",
        model: "convnet-cifar"), checksFiles: true)
    #expect(topology.data.path == nil && topology.data.facts.classes == 2)
    #expect(topology.data.facts.normalization?.means == [0.5, 0.4, 0.3])
    #expect(topology.data.source.format?.fit == .resize && topology.data.holdOut.share == 0.1)
    #expect(topology.plan.contains("\ndata.from: clients\n"))
    #expect(!topology.plan.contains("data.partition") && !topology.plan.contains("data.limit"))
    let error = #expect(throws: DatasetError.self) { try topology.data.load() }
    #expect("\(try #require(error))".contains("from: here"))
    let plan = PlanDescription(topology)
    #expect(plan.data.from == "clients" && plan.data.labels == ["cat", "dog"])
    #expect(plan.data.normalization == "given" && plan.data.holdOut == 0.1)
    let plain = try Texts.topology(
      Self.text("from: clients, input: [1, 28, 28], classes: [cat, dog]"))
    #expect(PlanDescription(plain).data.normalization == "none")
  }

  @Test func `numbers of samples are told in multiples of what the plan says`() throws {
    let data = "from: clients, input: [1, 28, 28], classes: [cat, dog]"
    let exact = try Texts.topology(Self.text(data))
    #expect(exact.data.telling.unit == 1 && exact.rules.sampleUnit == 1)
    #expect(!exact.plan.contains("roundSamples"))
    let rounded = try Texts.topology(
      Self.text("\(data), roundSamples: 25") + "limits: {samples: 60}\n")
    #expect(rounded.data.telling.unit == 25 && rounded.rules.sampleUnit == 25)
    #expect(rounded.rules.sampleLimit == 75, "who has 60 samples tells 75")
    #expect(rounded.plan.contains("\ndata.roundSamples: 25\n"))
    #expect(try Topology(plan: rounded.plan).data.telling.unit == 25)
    #expect([0, 1, 24, 25, 26].map { $0.told(by: 25) } == [0, 25, 25, 25, 50])
    let fault = Texts.faults(Self.text("\(data), roundSamples: 0")).first
    #expect(fault?.path == "data.roundSamples")
  }

  @Test func `label counts are asked for by a key of the plan, of clients' own samples alone`()
    throws
  {
    let data = "from: clients, input: [1, 28, 28]"
    #expect(try !Texts.topology(Self.text("\(data), classes: [cat, dog]")).data.telling.labels)
    let asking = try Texts.topology(Self.text("\(data), classes: [cat, dog], labelCounts: true"))
    #expect(asking.data.telling.labels && asking.plan.contains("\ndata.labelCounts: true\n"))
    #expect(try Topology(plan: asking.plan).data.telling.labels)
    for text in [
      Self.text("name: fashion-mnist, labelCounts: true"),
      Self.text("\(data), labels: [none, bone], labelCounts: true", model: "unet"),
    ] {
      let faults = Texts.faults(text)
      let fault = faults.first { $0.path == "data.labelCounts" }
      #expect(fault?.words.contains("means nothing") == true, "\(faults.map(\.words))")
    }
  }

  @Test func `a normalization of clients' sums is asked for by name, and has a minimum`() throws {
    let text = Self.text(
      "from: clients, input: [3, 32, 32], classes: [cat, dog], normalization: federated",
      model: "convnet-cifar")
    let topology = try Texts.topology(text + "\nevaluation: {minimum: {samples: 4, clients: 2}}\n")
    #expect(topology.data.isMeasuredByClients && topology.data.facts.normalization == nil)
    let rules = try #require(topology.measuringRules)
    #expect(rules.channels == 3 && rules.valuesPerSample == 1024)
    #expect(rules.minimumSamples == 4 && rules.minimumClients == 2)
    #expect(topology.brokerPlan(run: 1, epoch: 1).measuring == rules)
    #expect(topology.plan.contains("\ndata.normalization: federated\n"))
    #expect(try Topology(plan: topology.plan).data.isMeasuredByClients)
    let plan = PlanDescription(topology)
    #expect(plan.data.normalization == "federated" && plan.data.means.isEmpty)
    #expect(plan.report().contains("of the sums that clients report before the first round"))
    #expect(TopologyCheck(topology).text().contains("normalized by sums that the clients report"))
    // Without the key, and where one place has all samples, nobody is asked.
    let plain = try Texts.topology(
      Self.text("from: clients, input: [1, 28, 28], classes: [cat, dog]"))
    #expect(plain.measuringRules == nil && plain.data.facts.normalization != nil)
  }

  @Test func `names may have any characters`() throws {
    let names = ["a: b", "*x", "&x", "\"", "\\", "{c}", "# d", "null", "~", " e ", "é", "-", "1.0"]
    let list = names.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
    let text = Self.text(
      "from: clients, input: [1, 28, 28], classes: [\(list.joined(separator: ", "))]"
        .replacing("\"*x\"", with: "'*x'").replacing("\"&x\"", with: "'&y'"))
    let topology = try Texts.topology(text)
    #expect(try Topology(plan: topology.plan).data.source.format == topology.data.source.format)
  }

  @Test(arguments: [
    ("from: her, path: x", "data.from", "did you mean here?"),
    ("from: here", "data.path", "is missing"),
    ("from: here, path: nowhere/at/all", "data.path", "isn't there"),
    ("from: clients, classes: [a, b]", "data.input", "is missing"),
    ("from: clients, input: [1, 28, 28]", "data.classes", "is missing"),
    ("from: clients, input: [1, 28], classes: [a, b]", "data.input", "has 2 extents"),
    ("from: clients, input: [1, 28, 0], classes: [a, b]", "data.input[3]", "from 1"),
    ("from: clients, input: [1, 28, 28], classes: [a]", "data.classes", "two are the least"),
    ("from: clients, input: [1, 28, 28], classes: [a, b, a]", "data.classes[3]", "a second time"),
    ("from: clients, input: [1, 28, 28], classes: 2", "data.classes", "a list of names"),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], labels: [c, d]", "data.labels",
      "keep one"
    ),
    ("from: clients, input: [1, 28, 28], classes: [a, b], path: x", "data.path", "means nothing"),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], partition: iid", "data.partition",
      "means nothing to from: clients"
    ),
    ("from: clients, input: [1, 28, 28], classes: [a, b], name: mnist", "data.name", "nothing to"),
    ("from: clients, input: [1, 28, 28], classes: [a, b], sites: 3", "data.sites", "nothing to"),
    ("from: clients, input: [1, 28, 28], classes: [a, b], fit: crop", "data.fit", "resize"),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], holdOut: 1", "data.holdOut", "everything"
    ),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], normalization: batch",
      "data.normalization", "federated"
    ),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], "
        + "normalization: {mean: [0, 0], deviation: [1, 1]}", "data.normalization",
      "is for 2 channels, but samples have 1"
    ),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], normalization: {mean: [0]}",
      "data.normalization.deviation", "is missing"
    ),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], augmentation: standard",
      "data.augmentation", "called by name"
    ),
    (
      "from: clients, input: [1, 28, 28], classes: [a, b], augmentation: {crop: [40, 28]}",
      "data.augmentation", "cuts out more"
    ),
    ("from: clients, input: [1, 28, 28], labels: [a, b]", "model.name", "labels pixels"),
    (
      "from: clients, input: [4096, 4096, 4096], classes: [a, b]", "model.name", "smaller images"
    ),
    ("name: fashion-mnist, holdOut: 20 %", "data.holdOut", "from: here or from: clients"),
    ("name: fashion-mnist, input: [1, 28, 28]", "data.input", "means nothing"),
    ("path: my-images", "data.name", "from: here"),
  ])
  func `what doesn't describe samples is told`(data: String, path: String, words: String) throws {
    let faults = Texts.faults(Self.text(data))
    #expect(
      faults.contains { $0.path == path && $0.words.contains(words) }, "\(faults.map(\.words))")
    #expect(faults.allSatisfy { $0.line == 5 || $0.path == "model.name" })
  }

  @Test func `a picture of another size is refused by its name unless it may be resized`() throws {
    let folder = try Folder()
    try Self.pictures(["cat"], size: 28, in: folder)
    try Self.pictures(["dog"], size: 32, in: folder)
    let path = folder.path("my-images")
    let strict = try Texts.topology(Self.text("from: here, path: \(path)"))
    let error = #expect(throws: DatasetError.self) { try strict.data.load() }
    #expect("\(try #require(error))".contains("dog/"))
    let split = try Texts.topology(Self.text("from: here, path: \(path), fit: resize")).data.load()
    #expect(split.train.count + split.test.count == 12)
  }

  @Test func `images are changed as the section says`() throws {
    let augmentation = try Texts.topology(
      Self.text(
        "from: clients, input: [1, 28, 28], classes: [a, b], "
          + "augmentation: {crop: [28, 28], padding: 2, flips: true, jitter: 0.25}")
    ).data.augmentation
    #expect(
      augmentation
        == Augmentation(
          crop: Augmentation.Extent(height: 28, width: 28), padding: 2, flips: true,
          jitter: ColourJitter(0.25)))
  }
}
