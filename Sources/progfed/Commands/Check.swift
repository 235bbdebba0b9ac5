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
      let workload = try Workload(topology)
      try workload.checkStart()
      print(TopologyCheck(topology).text(), terminator: "")
    }
  }
}
