import ArgumentParser
import Foundation
import Ledger
import Runtime
import Topology
import ZMTP
import ZeroMQ

/// Runs the broker of a topology alone.
struct BrokerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker",
    abstract: "Run the broker of a topology; workers connect to it.",
    discussion: """
      A broker that was stopped (ctrl-C, SIGTERM) or killed goes on with --resume: workers join it again, \
      and updates that it had acknowledged count. The model ends the same as if nothing had happened; only with \
      stragglers: buffered, where the order of arrival counts, does no run repeat another.
      """)

  @OptionGroup var options: RunOptions

  @Option(help: "Where to listen: tcp://HOST:PORT (and the two ports after it) or ipc://PATH.")
  var bind: String

  @Flag(help: "Listen beyond this machine without encryption. Trust the network.")
  var insecure = false

  @OptionGroup var security: BrokerSecurityOptions

  @OptionGroup var live: ServeOptions

  func validate() throws {
    guard !insecure || security.keys == nil else {
      throw ValidationError("--insecure and --keys: give one of them")
    }
  }

  func run() throws {
    try Exit.reporting {
      let endpoints = try Endpoints(base: bind).resolvedForBinding()
      let security = try security.load()
      let isEncrypted = security.mechanism == .curve
      guard endpoints.isLocal || insecure || isEncrypted else { throw EndpointError.exposed(bind) }
      let printer = ProgressPrinter(isQuiet: options.quiet, showsWorkers: true)
      guard let start = try options.start(printer) else { return }
      defer { start.directory.release() }
      let simulated = start.topology.keys(unknownTo: .realOverTCP)
      if !simulated.isEmpty {
        printer.say(
          "\(start.topology.file): \(simulated.joined(separator: ", ")): of no effect here, as real workers come with "
            + "their own devices, links and faults")
      }
      var generator = SystemRandomNumberGenerator()
      let broker = try Broker(
        start.workload,
        settings: BrokerSettings(
          endpoints: endpoints, threads: options.threads,
          transport: String(bind.prefix { $0 != ":" }) + (isEncrypted ? "+curve" : ""),
          run: generator.next(), security: security, allowList: self.security.allow,
          logLevel: options.logLevel),
        directory: start.directory, observer: printer, resumption: start.resumption)
      let reload = self.security.reloading(broker, printer)
      defer { withExtendedLifetime(reload) {} }
      let interruption = Interruption { broker.stop() }
      let context = try Context()
      defer { _ = context.terminate(within: .seconds(5)) }
      let state = try withExtendedLifetime(interruption) {
        try live.serving(start.directory, say: printer.say, presence: { broker.presence }) {
          try broker.run(in: context) { endpoints in
            guard !options.quiet else { return }
            printer.say(
              "listening on \(endpoints.control), \(endpoints.bulk), \(endpoints.updates)")
            guard let extend = options.overrides.extend else { return }
            printer.say("workers take part with the run's topology and --extend \(extend)")
          }
        }
      }
      try RunResult(start.directory, state: state).show(asJSON: options.json, quiet: options.quiet)
    }
  }
}
