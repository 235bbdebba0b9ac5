import ArgumentParser
import Datasets
import Foundation
import Measures
import Tensors

/// Prepares samples for a federation.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Prepare samples for a federation.",
    subcommands: [DataSplit.self])
}

/// Cuts a data set into client folders.
struct DataSplit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split",
    abstract: "Cut a data set into a folder per client.",
    discussion: """
      Each folder, called by its client's number, has train/ and test/: pictures in a folder per class, \
      pictures beside pictures of labels, or NumPy arrays where the samples are no pictures. A topology \
      trains on one of them by data: {from: here, path: DIR/0}. Workers with folders of their own \
      aren't there yet.
      """)

  @Argument(
    help: "A folder or file with samples, or the name of a known data set, such as fashion-mnist.")
  var source: String

  @Option(help: "Where a known data set's files lie.")
  var path: String?

  @Option(help: "How many clients there are.")
  var clients: Int

  @Option(help: "iid, byUser, shards:2, dirichlet:0.5 or logNormal:1.")
  var partition: Partition = .iid

  @Option(help: "The folder to make.")
  var out: String

  @Option(help: "What the deal and the hold-out are drawn from.")
  var seed: UInt64 = 1

  @Option(help: "The share held out where the data has no test samples of its own.")
  var holdOut: Double = HoldOut.fifth.share

  @Option(help: "The heading of a table's column of labels.")
  var label: String?

  @Flag(help: "Resize pictures to the size of the first.")
  var resize = false

  @Option(help: "The sites of icbm152.")
  var sites: Int = 10

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value) in [("clients", clients), ("sites", sites)]
    where !(1...100_000).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to 100000")
    }
    guard (0..<1).contains(holdOut) else {
      throw ValidationError("--hold-out \(holdOut): give a share from 0 to below 1")
    }
  }

  func run() throws {
    try Exit.reporting {
      let (split, names) = try samples()
      for remark in split.remarks { Terminal.write("progfed: \(remark)\n") }
      let shares = try SplitWriter(split, names: names).write(
        clients: clients, partition: partition, seed: seed, to: URL(fileURLWithPath: out))
      let summary = Summary(split.train, names: names, shares: shares)
      guard json else { return print(text(summary)) }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(summary), as: UTF8.self))
    }
  }

  private func samples() throws(DatasetError) -> (DatasetSplit, names: [String]) {
    let isName = DatasetLoader.names.contains(source)
    if isName, path != nil || !FileManager.default.fileExists(atPath: source) {
      let split = try DatasetLoader.load(
        name: source, path: path, options: DatasetLoader.Options(sites: sites))
      return (split, split.train.labelNames)
    }
    guard FileManager.default.fileExists(atPath: source) else {
      throw .missing(
        dataset: "split", path: source,
        remedy: "give a path, or one of \(DatasetLoader.names.joined(separator: ", "))")
    }
    let format = try OwnSamples.format(
      of: source, as: SampleFormat(fit: resize ? .resize : .refuse, labelColumn: label))
    let split = try OwnSamples.read(
      path: source, format: format, holdOut: HoldOut(share: holdOut), seed: seed)
    return (split, format.labels?.names ?? split.train.labelNames)
  }

  private func text(_ summary: Summary) -> String {
    let lines = summary.clients.enumerated().map { client, share in
      "\(out)/\(client): \(share.train) samples to train on, \(share.test) held out"
    }
    let names = summary.names.map { "\"\($0.replacing("\"", with: "\\\""))\"" }
      .joined(separator: ", ")
    return lines.joined(separator: "\n") + """


      In a topology, to train on the first of them:
        data:
          from: here
          path: \(out)/0
          input: [\(summary.input.map(String.init).joined(separator: ", "))]
          \(summary.isSegmentation ? "labels" : "classes"): [\(names)]
      """
  }
}

extension DataSplit {
  /// The folders that were made, for scripts.
  private struct Summary: Encodable {
    /// The samples of one client.
    struct Share: Encodable {
      /// The number to train on.
      var train: Int
      /// The number held out.
      var test: Int
    }

    /// The shape of a sample.
    var input: [Int]
    /// The names of classes, or of the labels of pixels.
    var names: [String]
    /// True if each pixel has a label.
    var isSegmentation: Bool
    /// The clients' samples, in order.
    var clients: [Share]

    init(_ dataset: Dataset, names: [String], shares: [SplitWriter.Share]) {
      let extents = dataset.input.dimensions
      input = extents[1] == 1 && extents[2] == 1 ? [extents[0]] : extents
      self.names = names
      isSegmentation = dataset.isSegmentation
      clients = shares.map { Share(train: $0.train, test: $0.test) }
    }
  }
}

extension Partition: ExpressibleByArgument {
  /// The partition that `argument` names: its word, and its number behind a colon.
  public init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    let number = parts.count == 2 ? Double(parts[1]) : nil
    switch (parts.first, number) {
    case ("iid", nil) where parts.count == 1: self = .iid
    case ("byUser", nil) where parts.count == 1: self = .byUser
    case ("shards", let count?):
      guard let whole = Int(exactly: count), (1...1_000_000).contains(whole) else { return nil }
      self = .shards(perClient: whole)
    case ("dirichlet", let alpha?):
      guard (1e-6...1e6).contains(alpha) else { return nil }
      self = .dirichlet(alpha: alpha)
    case ("logNormal", let sigma?):
      guard (0...10).contains(sigma) else { return nil }
      self = .logNormal(sigma: sigma)
    default: return nil
    }
  }
}
