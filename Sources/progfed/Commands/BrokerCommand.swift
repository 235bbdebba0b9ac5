import ArgumentParser
import Fleet
import Foundation
import Ledger
import ZeroMQ

/// Runs the broker of a topology alone.
struct BrokerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker",
    abstract: "Run the broker of a topology; workers connect to it.")

  @OptionGroup var options: RunOptions

  @Option(help: "Where to listen: tcp://HOST:PORT (and the two ports after it) or ipc://PATH.")
  var bind: String

  @Flag(help: "Listen beyond this machine without encryption. Trust the network.")
  var insecure = false

  func run() throws {
    try Exit.reporting {
      let endpoints = try Endpoints(base: bind)
      guard endpoints.isLocal || insecure else { throw EndpointError.exposed(bind) }
      let topology = try options.load()
      let workload = try Workload(topology)
      let directory = try options.directory(for: topology)
      defer { directory.release() }
      let printer = ProgressPrinter(isQuiet: options.quiet)
      var generator = SystemRandomNumberGenerator()
      let broker = try Broker(
        workload,
        settings: BrokerSettings(
          endpoints: endpoints, threads: options.threads,
          transport: String(bind.prefix { $0 != ":" }), run: generator.next()),
        directory: directory, observer: printer)
      let interruption = Interruption { broker.stop() }
      let context = try Context()
      defer { _ = context.terminate(within: .seconds(5)) }
      let state = try withExtendedLifetime(interruption) {
        try broker.run(in: context) { endpoints in
          guard !options.quiet else { return }
          printer.say(
            "listening on \(endpoints.control), \(endpoints.bulk), \(endpoints.updates)")
        }
      }
      try RunResult(directory, state: state).show(asJSON: options.json, quiet: options.quiet)
    }
  }
}
