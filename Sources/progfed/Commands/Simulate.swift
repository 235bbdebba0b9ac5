import ArgumentParser
import Fleet
import Foundation
import Ledger
import Reports

/// Runs broker, workers and clients of a topology in one process.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a topology in one process: broker, clients and real sockets between them.",
    discussion: """
      A run that was stopped (ctrl-C, SIGTERM) or killed goes on with --resume and ends in the same \
      model as if nothing had happened.
      """)

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

  @OptionGroup var live: ServeOptions

  func run() throws {
    try Exit.reporting {
      let printer = ProgressPrinter(isQuiet: options.quiet)
      guard let start = try options.start(printer) else { return }
      defer { start.directory.release() }
      let simulation = try Simulation(
        start.workload, transport: transport, isEncrypted: curve, threads: options.threads,
        directory: start.directory, observer: printer, resumption: start.resumption)
      let interruption = Interruption { simulation.stop() }
      let state = try withExtendedLifetime(interruption) {
        try live.serving(start.directory, say: printer.say) { try simulation.run() }
      }
      try RunResult(start.directory, state: state).show(asJSON: options.json, quiet: options.quiet)
    }
  }
}

extension Simulation.Transport: ExpressibleByArgument {}
