import ArgumentParser
import Fleet
import Foundation
import Ledger
import Reports

/// Runs broker, workers and clients of a topology in one process.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a topology in one process: broker, clients and real sockets between them.")

  @OptionGroup var options: RunOptions

  @Option(help: "What carries the messages: inproc, ipc or tcp.")
  var transport: Simulation.Transport = .inproc

  @Flag(help: "Encrypt the messages with CURVE, under keys made for this run; with ipc or tcp.")
  var curve = false

  func validate() throws {
    guard !curve || transport != .inproc else {
      throw ValidationError(
        "--curve: messages within a process aren't encrypted; add --transport tcp")
    }
  }

  func run() throws {
    try Exit.reporting {
      let topology = try options.load()
      let workload = try Workload(topology)
      let directory = try options.directory(for: topology)
      defer { directory.release() }
      let printer = ProgressPrinter(isQuiet: options.quiet)
      let simulation = try Simulation(
        workload, transport: transport, isEncrypted: curve, threads: options.threads,
        directory: directory, observer: printer)
      let interruption = Interruption { simulation.stop() }
      let state = try withExtendedLifetime(interruption) { try simulation.run() }
      try RunResult(directory, state: state).show(asJSON: options.json, quiet: options.quiet)
    }
  }
}

extension Simulation.Transport: ExpressibleByArgument {}
