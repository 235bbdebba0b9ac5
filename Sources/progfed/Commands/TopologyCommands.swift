import ArgumentParser
import Foundation
import LocalTraining
import Models
import Topology

/// Finds everything that is wrong with a topology, and predicts what it will move.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a topology: all its faults at once, or its sub-models and predicted bytes.")

  @Argument(help: "The topology file.")
  var topology: String

  @OptionGroup var overrides: OverrideOptions

  func run() throws {
    try Exit.reporting {
      let topology = try Topology(contentsOf: topology, overrides: overrides.values)
      if let path = topology.startsFrom {
        _ = try StartingFile(path: path).read(for: topology.architecture)
      }
      if !topology.data.staysWithClients { try Workload(topology).checkStart() }
      print(TopologyCheck(topology).text(), terminator: "")
    }
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
