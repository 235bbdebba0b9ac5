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
      Each folder, called by its client's number, has train and test. Pictures, label pictures and NIfTI \
      studies are copied as files, rows of tables as rows; arrays stay arrays; the samples of a known data set \
      become pictures in a folder per class, or pictures beside pictures of labels. All is looked at before \
      anything is written, and DIR is there whole or not at all. A worker takes a folder as its client's own by \
      --data DIR/0, simulate all of them by --data 'DIR/{client}', where the topology says data: {from: clients}; \
      alone one is trained on by data: {from: here, path: DIR/0}.
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

  @Flag(
    help: "Take pictures of other sizes than the first's too; they are resized when they are read.")
  var resize = false

  @Flag(help: "Give files a second name (a hard link) instead of copying them.")
  var link = false

  @Option(help: "How many threads read and write.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Show no progress.")
  var quiet = false

  @Option(help: "The sites of icbm152.")
  var sites: Int = 10

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value) in [("clients", clients), ("sites", sites), ("threads", threads)]
    where !(1...100_000).contains(value) {
      throw ValidationError("--\(name) \(value): give a number from 1 to 100000")
    }
    guard (0..<1).contains(holdOut) else {
      throw ValidationError("--hold-out \(holdOut): give a share from 0 to below 1")
    }
  }

  func run() throws {
    try Exit.reporting {
      let progress = WorkProgress("split", isQuiet: quiet)
      let interruption = Interruption { progress.end() }
      defer { withExtendedLifetime(interruption) {} }
      let order = SplitOrder(
        clients: clients, partition: partition, seed: seed, holdOut: HoldOut(share: holdOut),
        isLinked: link, work: SampleWork(threads: threads) { progress.goesOn($0, of: $1) })
      let folders = try split(order)
      progress.clear()
      for remark in folders.remarks { Terminal.write("progfed: \(remark)\n") }
      let summary = Summary(folders)
      guard json else { return print(text(summary)) }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(summary), as: UTF8.self))
    }
  }

  private func split(_ order: SplitOrder) throws -> ClientFolders {
    let isName = DatasetLoader.names.contains(source)
    if isName, path != nil || !FileManager.default.fileExists(atPath: source) {
      // The studies of these are files like anybody's.
      if let path, source == "brats" || source == "nifti" { return try split(path, order) }
      let split = try DatasetLoader.load(
        name: source, path: path, options: DatasetLoader.Options(sites: sites))
      return try SplitWriter(split, names: split.train.labelNames).write(order, to: out)
    }
    guard FileManager.default.fileExists(atPath: source) else {
      throw DatasetError.missing(
        dataset: "split", path: source,
        remedy: "give a path, or one of \(DatasetLoader.names.joined(separator: ", "))")
    }
    return try split(source, order)
  }

  private func split(_ path: String, _ order: SplitOrder) throws -> ClientFolders {
    try OwnSamples.split(
      path: path, format: SampleFormat(fit: resize ? .resize : .refuse, labelColumn: label), order,
      to: out)
  }

  private func text(_ summary: Summary) -> String {
    let lines = summary.clients.enumerated().map { client, share in
      "\(out)/\(client): \(share.train) samples to train on, \(share.test) held out"
        + (share.studies.map { ", of \($0) \($0 == 1 ? "study" : "studies")" } ?? "")
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
      """ + (summary.isResized ? "\n    fit: resize" : "")
      + (summary.label.map { "\n    label: \"\($0)\"" } ?? "")
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
      /// The number of volumes that they are slices of; nil where they are no slices.
      var studies: Int?
    }

    /// The shape of a sample.
    var input: [Int]
    /// The names of classes, or of the labels of pixels.
    var names: [String]
    /// True if each pixel has a label.
    var isSegmentation: Bool
    /// True if pictures have several sizes.
    var isResized: Bool
    /// The heading of a table's labels, where it had to be said.
    var label: String?
    /// The clients' samples, in order.
    var clients: [Share]

    init(_ folders: ClientFolders) {
      let format = folders.format
      input = format.input?.dimensions ?? []
      names = format.labels?.names ?? []
      isSegmentation = format.labels?.isSegmentation == true
      isResized = format.fit == .resize
      label = format.labelColumn
      clients = folders.shares.map {
        Share(train: $0.train, test: $0.test, studies: $0.studies)
      }
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
