import ArgumentParser
import Datasets
import Foundation
import LocalTraining
import Models
import Topology

/// Finds everything that is wrong with a topology, and predicts what it will move.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a topology: all its faults at once, or its sub-models and predicted bytes.",
    discussion: """
      With --data clients' own samples are read as the clients will read them: how many each has to train on, how \
      many it holds out, how many steps it makes in a round; what can't be read is told file by file, with status 65.
      """)

  @Argument(help: "The topology file.")
  var topology: String

  @Option(
    help: ArgumentHelp(
      """
      Where the clients' own samples are, for a topology of data: {from: clients}: one folder or file, or a path \
      with {client} in it for a client's number, as in 'sites/{client}'.
      """, valueName: "path"))
  var data: String?

  @OptionGroup var overrides: OverrideOptions

  func run() throws {
    try Exit.reporting {
      let topology = try Topology(contentsOf: topology, overrides: overrides.values)
      if let path = topology.startsFrom {
        _ = try StartingFile(path: path).read(for: topology.architecture)
      }
      guard !topology.data.source.isTrainers || data == nil else {
        throw ValidationError("--data: only the trainer program can read what lies there")
      }
      guard topology.data.staysWithClients else {
        try topology.refuseOwn(data)
        try Workload(topology).checkStart()
        return print(TopologyCheck(topology).text(), terminator: "")
      }
      let found = try data.map { try sizes(at: $0, of: topology) }
      print(TopologyCheck(topology).text(), terminator: "")
      if let found { print("\n\(found.text)") }
    }
  }

  /// The numbers of the clients' own samples at `path`.
  ///
  /// - Throws: `ExitCode`, once all faults of the samples are said.
  private func sizes(at path: String, of topology: Topology) throws -> OwnSizes {
    let progress = WorkProgress("reading samples", isQuiet: false)
    let threads = ProcessInfo.processInfo.activeProcessorCount
    let own = try OwnData(
      seenAt: path, of: topology,
      by: SampleWork(threads: threads) { progress.goesOn($0, of: $1) })
    let sizes = OwnSizes(own, of: topology, threads: threads)
    progress.clear()
    for line in sizes.remarks + sizes.faults { Terminal.note("progfed: \(line)") }
    guard sizes.faults.isEmpty else { throw Exit.badInput }
    return sizes
  }
}

/// Says what broker and clients of a topology must agree on.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Print what broker and clients agree on: the plan, its digest, tensors and codecs.",
    discussion: """
      A worker of another make sends the digest when it joins, and lays out updates as the segments say. \
      What one side alone decides isn't in the plan: seed, paths, waiting times, evaluation. The samples need \
      not be there, unless their folder is to say their shape and classes. What --text prints, in a file, is a \
      topology of its own: a worker that has no other joins with it.
      """)

  @Argument(help: "The topology file.")
  var topology: String

  @OptionGroup var overrides: OverrideOptions

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print the plan's text alone, byte for byte: its SHA-256 is the digest.")
  var text = false

  func validate() throws {
    guard !json || !text else {
      throw ValidationError("--json and --text exclude each other; --json has the text as well")
    }
  }

  func run() throws {
    try Exit.reporting {
      let topology = try Topology(
        contentsOf: topology, overrides: overrides.values, checksFiles: false)
      let plan = PlanDescription(topology)
      if text { return print(plan.text, terminator: "") }
      guard json else { return print(plan.report(), terminator: "") }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(plan), as: UTF8.self))
    }
  }
}
